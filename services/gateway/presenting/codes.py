"""What wallets do: codes to show, keys for phones, and what they wish for their payers."""

import asyncio
import base64
import secrets
from datetime import timedelta

import structlog

from services.core.clock import Clock
from services.core.ids import checked_id
from services.gateway.presenting import rules
from services.gateway.presenting.drawing import Form, Picture, drawn
from services.gateway.presenting.model import CodeState, OfflineKey, PaymentCode, Policy
from services.gateway.presenting.numbers import new_key_number, new_online_number
from services.gateway.presenting.refusals import (
    CodeUsed,
    CountryNotAccepted,
    OfflineKeyExistsWithDifferentContent,
    OfflineKeyUnknown,
    PaymentCodeExistsWithDifferentContent,
    PaymentCodeOver,
    PaymentCodeUnknown,
    TooManyLiveCodes,
    TooManyOfflineKeys,
)
from services.gateway.presenting.store import codes as store
from services.gateway.presenting.store import keys
from services.gateway.presenting.texts import code_text
from services.gateway.reference import Participant
from services.gateway.reference.board import ReferenceBoard
from services.kit.postgres import Connection
from services.kit.sealing import SecretBox
from services.kit.unit import Decided, Units

log = structlog.get_logger()

SECRET_BYTES = 32
JAPAN = "JP"


class Codes:
    """The calls, each for a wallet that is known."""

    def __init__(self, units: Units, board: ReferenceBoard, clock: Clock, box: SecretBox) -> None:
        self._units = units
        self._board = board
        self._clock = clock
        self._box = box

    async def create(
        self, wallet: Participant, code_id: str, payer_id: str, country_code: str, seconds: int
    ) -> PaymentCode:
        """A code that is good for `seconds` (0: as usual), or the code of this id as it is now.

        Raises `IdMalformed`, `CountryCodeMalformed`, `CountryNotAccepted`,
        `ValiditySecondsOutOfRange`, `TooManyLiveCodes`, `PaymentCodeExistsWithDifferentContent`.
        """
        checked_id(code_id, "code_id")
        checked_id(payer_id, "payer_id")
        rules.checked_country(country_code)
        digest = rules.digest_of(payer_id, country_code, seconds)
        now = self._clock.now()

        async def create(connection: Connection) -> Decided[PaymentCode]:
            await store.lock_payer(connection, wallet.participant_id, payer_id)
            known = await store.find_code(connection, wallet.participant_id, code_id)
            if known is not None:
                if known.digest != digest:
                    raise PaymentCodeExistsWithDifferentContent(code_id)
                return Decided(known)
            lifetime = rules.lifetime_of(await store.read_lifetimes(connection), wallet)
            valid = timedelta(seconds=rules.validity_seconds(seconds, lifetime))
            if not rules.accepts(self._board.current, wallet, country_code):
                raise CountryNotAccepted(country_code)
            policy = await store.read_policy(connection, wallet.participant_id)
            live = await store.count_live_codes(connection, wallet.participant_id, payer_id, now)
            if live >= rules.LIVE_CODES:
                raise TooManyLiveCodes(rules.LIVE_CODES)
            number = new_online_number()
            operator_code = policy.jpqr_operator_code if country_code == JAPAN else ""
            code = PaymentCode(
                wallet.participant_id,
                code_id,
                digest,
                payer_id,
                country_code,
                number,
                code_text(number, operator_code),
                now,
                now + valid,
            )
            await store.add_code(connection, code)
            return Decided(code)

        return (await self._units.write(create)).answer

    async def get(self, wallet: Participant, code_id: str) -> PaymentCode:
        """A code of the wallet's. Raises `IdMalformed`, `PaymentCodeUnknown`."""
        checked_id(code_id, "code_id")
        async with self._units.pool.acquire() as connection:
            code = await store.find_code(connection, wallet.participant_id, code_id)
        if code is None:
            raise PaymentCodeUnknown(code_id)
        return code

    async def draw(self, wallet: Participant, code_id: str, form: Form, picture: Picture) -> bytes:
        """A picture of a code. Raises as `get`, and `PaymentCodeOver` once it cannot be charged."""
        code = await self.get(wallet, code_id)
        state = code.state(self._clock.now())
        if state is not CodeState.ACTIVE:
            raise PaymentCodeOver(code_id, state.value)
        return await asyncio.to_thread(drawn, code, form, picture)

    async def cancel(self, wallet: Participant, code_id: str) -> PaymentCode:
        """Take a code back. Raises `IdMalformed`, `PaymentCodeUnknown`, `CodeUsed`."""
        checked_id(code_id, "code_id")
        now = self._clock.now()

        async def cancel(connection: Connection) -> Decided[None]:
            known = await store.lock_code(connection, wallet.participant_id, code_id)
            if known is None:
                raise PaymentCodeUnknown(code_id)
            if known.payment_id:
                raise CodeUsed
            if known.cancel_time is None:
                await store.cancel_code(connection, wallet.participant_id, code_id, now)
            return Decided(None)

        await self._units.write(cancel)
        return await self.get(wallet, code_id)

    async def provision(
        self, wallet: Participant, offline_key_id: str, payer_id: str, count: int, days: int
    ) -> tuple[OfflineKey, str]:
        """A key for `count` codes and `days` days (0: as usual), and its secret in base64; for a
        key that was there, no secret.

        Raises `IdMalformed`, `OfflineKeyOutOfRange`, `TooManyOfflineKeys`,
        `OfflineKeyExistsWithDifferentContent`, `SecretsKeyMissing`.
        """
        checked_id(offline_key_id, "offline_key_id")
        checked_id(payer_id, "payer_id")
        secret = base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
        now = self._clock.now()
        valid_days = rules.within(days, rules.USUAL_KEY_DAYS, rules.MOST_KEY_DAYS, "valid_days")
        fresh = OfflineKey(
            wallet.participant_id,
            offline_key_id,
            rules.digest_of(payer_id, count, days),
            new_key_number(),
            payer_id,
            self._box.seal(secret),
            rules.within(count, rules.USUAL_CODE_COUNT, rules.MOST_CODES, "code_count"),
            0,
            now,
            now + timedelta(days=valid_days),
        )

        async def provision(connection: Connection) -> Decided[tuple[OfflineKey, str]]:
            await store.lock_payer(connection, fresh.wallet_id, payer_id)
            known = await keys.find_key(connection, fresh.wallet_id, offline_key_id)
            if known is not None:
                if known.digest != fresh.digest:
                    raise OfflineKeyExistsWithDifferentContent(offline_key_id)
                return Decided((known, ""))
            live = await keys.count_live_keys(connection, fresh.wallet_id, payer_id, now)
            if live >= rules.LIVE_KEYS:
                raise TooManyOfflineKeys(rules.LIVE_KEYS)
            await keys.add_key(connection, fresh)
            return Decided((fresh, secret))

        key, told = (await self._units.write(provision)).answer
        log.info(
            "offline_key_provisioned",
            participant_id=wallet.participant_id,
            offline_key_id=offline_key_id,
            fresh=bool(told),
        )
        return key, told

    async def revoke(self, wallet: Participant, offline_key_id: str) -> None:
        """Take no more codes of a key. Raises `IdMalformed`, `OfflineKeyUnknown`."""
        checked_id(offline_key_id, "offline_key_id")
        now = self._clock.now()

        async def revoke(connection: Connection) -> Decided[None]:
            if not await keys.revoke_key(connection, wallet.participant_id, offline_key_id, now):
                raise OfflineKeyUnknown(offline_key_id)
            return Decided(None)

        await self._units.write(revoke)
        log.info(
            "offline_key_revoked",
            participant_id=wallet.participant_id,
            offline_key_id=offline_key_id,
        )

    async def put_policy(self, policy: Policy) -> Policy:
        """Store what a wallet wishes. Raises `PolicyMalformed`."""
        rules.check_policy(policy)

        async def put(connection: Connection) -> Decided[None]:
            await store.put_policy(connection, policy)
            return Decided(None)

        await self._units.write(put)
        return policy

    async def policy(self, wallet: Participant) -> Policy:
        """What the wallet has put, or the most careful there is."""
        async with self._units.pool.acquire() as connection:
            return await store.read_policy(connection, wallet.participant_id)
