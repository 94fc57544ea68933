"""The partners that the suite runs over. A new one is a descriptor here."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import aiohttp
from pydantic import SecretStr

from services.bridge.partner import BankAccount
from services.bridge.partners.zengin_bank_rules import number_of
from services.bridge.settings import PartnerConfig
from services.pb.kawase.bridge.v1 import bridge_message_pb2 as pb
from services.sandbox.partner_keys import make_pair
from services.sandbox.partners.ams_shanghai import IN_PROCESS, TAXI_CODE, AmsShanghai
from services.sandbox.partners.base import Simulator
from services.sandbox.partners.books import Books
from services.sandbox.partners.faults import NOTICE, OF_NOTICES, Fault, OwnFault
from services.sandbox.partners.file_bank import FileBank
from services.sandbox.partners.file_bank_orders import CUSTOMERS_YEN, FileHabits
from services.sandbox.partners.japan_bank import JapanBank
from services.sandbox.partners.kakaopay_acquirer import SHOPS, KakaoPayAcquirer
from services.sandbox.partners.kakaopay_wallet import KakaoPayWallet
from services.sandbox.partners.paypay import API_KEY, MERCHANT, RAMEN_CODE, PayPay
from tests.contract.conformance.cases import End
from tests.contract.conformance.descriptor import Descriptor, Place
from tests.contract.conformance.playing import SCHEDULE
from tests.contract.file_bank_house import HANAKO, HANAKOS, OPTIONS
from tests.contract.house import Simulated, World


def _key_files(folder: Path) -> tuple[Path, Path, Path, Path]:
    """Ours and the partner's key pair: private and public each."""
    files = tuple(folder / name for name in ("our.key", "our.pub", "their.key", "their.pub"))
    if not files[0].exists():
        for file, content in zip(files, (*make_pair(), *make_pair()), strict=True):
            file.write_bytes(content)
    return files[0], files[1], files[2], files[3]


def _simulate_ams(place: Place) -> Simulator:
    _, our_public, their_private, _ = _key_files(place.folder)
    key, client_key = their_private.read_bytes(), our_public.read_bytes()
    return AmsShanghai(place.clock, Books(None), key, client_key)


def _configure_ams(place: Place, url: str, partner_id: str = "shanghai-ams") -> PartnerConfig:
    our_private, _, _, their_public = _key_files(place.folder)
    options = {"client_id": "SANDBOX_TEST0001", "partner_key_file": str(their_public)}
    secret = SecretStr(our_private.read_text())
    return PartnerConfig(partner_id, "ams", url, secret, SCHEDULE, options)


async def _open_page(_partner: Simulated, url: str) -> None:
    async with aiohttp.ClientSession() as phone, phone.get(url) as page:
        await page.read()


_HANAKO = BankAccount("hanako-bank", "japan-bank", "0310", "101", "1", "1234567", "ヤマダ　ハナコ")
_HANAKOS_NUMBER, _HANAKOS_YEN = "0310-101-1-1234567", 1_000_000


async def _link_hanako(world: World, _partner: Simulated) -> dict[str, Any]:
    linked = await world.partners["japan-bank"].link_account(_HANAKO)
    return {"payer_reference": linked.payer_reference}


def _audit_hanako(books: Mapping[str, Any]) -> str:
    """A second debit or a second giving back would show in her balance alone."""
    expected = _HANAKOS_YEN - sum(books["accepted"].values()) + sum(books["refunded"].values())
    found = books["balances"][_HANAKOS_NUMBER]
    return "" if found == expected else f"her balance is {found}, not {expected}"


class DebitBank(FileBank):
    """The bank by file with the fates of debits; those that need another day are tested apart."""

    own_faults: ClassVar[Mapping[str, OwnFault]] = {
        **{
            name: OwnFault(("debit",))
            for name in (
                "account_closed",
                "low_balance",
                "name_mismatch",
                "refused_whole",
                "upload_twice",
            )
        },
        "cut_short": OwnFault(("fetch",)),
    }


def _configure_files(_place: Place, url: str) -> PartnerConfig:
    """A file for each record, at once, for today: so that a case has its own."""
    at_once = {"gather_every_seconds": "0", "most_records": "1"}
    today = {"transfer_lead_days": "0", "debit_lead_days": "0"}
    options = OPTIONS | at_once | today
    return PartnerConfig(
        "japan-bank-files", "zengin_bank", url, SecretStr("token"), SCHEDULE, options
    )


async def _mandate(world: World, _partner: Simulated) -> dict[str, Any]:
    linked = await world.partners["japan-bank-files"].link_account(HANAKO)
    return {"payer_reference": linked.payer_reference}


def _audit_debits(books: Mapping[str, Any]) -> str:
    """A record that came in two files would show here, even where only one was carried out."""
    twice = [reference for reference, count in books["orders"].items() if count > 1]
    expected = CUSTOMERS_YEN - sum(books["accepted"].values())
    found = books["balances"].get(HANAKOS, CUSTOMERS_YEN)
    wrong = "" if found == expected else f"her balance is {found}, not {expected}"
    return f"ordered twice: {twice}" if twice else wrong


AMS = Descriptor(
    "shanghai-ams",
    AmsShanghai,
    _simulate_ams,
    _configure_ams,
    pb.CHARGE_KIND_DELIVER,
    "CNY",
    2_372,
    charges=("pay",),
    order={"merchant_code": TAXI_CODE},
    ends={("pay", IN_PROCESS): frozenset({End.ACCEPTED})},
)
KAKAOPAY = Descriptor(
    "kakaopay",
    KakaoPayAcquirer,
    lambda place: KakaoPayAcquirer(place.clock, Books(None)),
    lambda _place, url: PartnerConfig(
        "kakaopay", "kakaopay_acquirer", url, SecretStr("key"), SCHEDULE, {}
    ),
    pb.CHARGE_KIND_DELIVER,
    "KRW",
    18_900,
    charges=("pay",),
    order={"merchant_code": SHOPS[0].codes[0]},
)
KAKAOPAY_WALLET = Descriptor(
    "kakaopay-online",
    KakaoPayWallet,
    lambda place: KakaoPayWallet(place.clock, Books(None)),
    lambda _place, url: PartnerConfig(
        "kakaopay-online",
        "kakaopay_wallet",
        url,
        SecretStr("key"),
        SCHEDULE,
        {"cid": "TC0ONETIME"},
    ),
    pb.CHARGE_KIND_COLLECT,
    "KRW",
    21_000,
    charges=("ready", "approve"),
    inquiry="order",
    refund="cancel",
    order={"payer_reference": "minjun"},
    approve=_open_page,
    # Money moves only by our approve, and nobody has told us to.
    ends={(NOTICE, Fault.LOST_NOTICE): frozenset({End.REJECTED})},
)
PAYPAY = Descriptor(
    "paypay",
    PayPay,
    lambda place: PayPay(place.clock, Books(None), "secret"),
    lambda _place, url: PartnerConfig(
        "paypay",
        "paypay",
        url,
        SecretStr("secret"),
        SCHEDULE,
        {"api_key": API_KEY, "merchant": MERCHANT, "notice_addresses": "127.0.0.1"},
    ),
    pb.CHARGE_KIND_DELIVER,
    "JPY",
    1_200,
    charges=("pay",),
    order={"merchant_code": RAMEN_CODE},
)
ALIPAY = Descriptor(
    "alipay-cn",
    AmsShanghai,
    _simulate_ams,
    partial(_configure_ams, partner_id="alipay-cn"),
    pb.CHARGE_KIND_COLLECT,
    "JPY",
    3_000,
    charges=("open",),
    approve=_open_page,
)
JAPAN_BANK = Descriptor(
    "japan-bank",
    JapanBank,
    lambda place: JapanBank(place.clock, Books(None)),
    lambda _place, url: PartnerConfig(
        "japan-bank", "aozora", url, SecretStr("token"), SCHEDULE, {"account_id": "101010999999"}
    ),
    pb.CHARGE_KIND_TOP_UP,
    "JPY",
    1_000,
    charges=("pay",),
    prepare=_link_hanako,
    audit=_audit_hanako,
    # The bank signs nothing but notices of deposits, which are no charge's: a forged one is refused
    # in test_japan_bank_statements. Nor does it send notices of debits.
    without=frozenset({Fault.WRONG_SIGNATURE, *OF_NOTICES}),
)
FILE_BANK = Descriptor(
    "japan-bank-files",
    DebitBank,
    lambda place: DebitBank(place.clock, Books(None), FileHabits(0, 0, 0, 0)),
    _configure_files,
    pb.CHARGE_KIND_TOP_UP,
    "JPY",
    1_000,
    charges=("debit",),
    inquiry="fetch",
    # What a file has taken along is given back by a transfer.
    cancel="transfer",
    refund="transfer",
    prepare=_mandate,
    ends={("debit", "upload_twice"): frozenset({End.ACCEPTED})},
    named=number_of,
    cancelled_as=lambda charge_id: f"{charge_id}-void",
    audit=_audit_debits,
)
DESCRIPTORS = (AMS, ALIPAY, KAKAOPAY, KAKAOPAY_WALLET, PAYPAY, JAPAN_BANK, FILE_BANK)
