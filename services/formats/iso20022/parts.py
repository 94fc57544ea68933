"""Tables of the parts that messages share: parties, accounts, banks, reasons.

Newer versions say BICFI where older say BIC, and statements of 2019 wrap a party in a choice.
"""

from services.formats.iso20022.documents.binding import CODED, TEXT, Codec, Field, Table
from services.formats.iso20022.model import Account, Agent, Party, PartyId, Reason

PARTY_ID = Table(
    PartyId,
    (
        Field("id", "Id", TEXT),
        Field("code", "SchmeNm/Cd", TEXT),
        Field("proprietary", "SchmeNm/Prtry", TEXT),
    ),
)

REASON = Table(
    Reason,
    (
        Field("code", "Rsn/Cd", TEXT),
        Field("proprietary", "Rsn/Prtry", TEXT),
        Field("information", "AddtlInf", TEXT, many=True),
    ),
)

ACCOUNT = Table(
    Account,
    (
        Field("iban", "Id/IBAN", TEXT),
        Field("number", "Id/Othr/Id", TEXT),
        Field("kind", "Tp/Cd", TEXT),
        Field("own_kind", "Tp/Prtry", TEXT),
        Field("currency", "Ccy", TEXT),
        Field("name", "Nm", TEXT),
    ),
)


def party(prefix: str = "") -> Table:
    """A party; `prefix` is `Pty/` where the message wraps it."""
    return Table(
        Party,
        (
            Field("name", prefix + "Nm", TEXT),
            Field("town", prefix + "PstlAdr/TwnNm", TEXT),
            Field("country", prefix + "PstlAdr/Ctry", TEXT),
            Field("ids", prefix + "Id/OrgId/Othr", PARTY_ID, many=True),
        ),
    )


def agent(bic: str) -> Table:
    """A bank; `bic` is the version's word for it."""
    return Table(
        Agent,
        (
            Field("bic", f"FinInstnId/{bic}", TEXT),
            Field("clearing_system", "FinInstnId/ClrSysMmbId/ClrSysId/Cd", TEXT),
            Field("member", "FinInstnId/ClrSysMmbId/MmbId", TEXT),
            Field("name", "FinInstnId/Nm", TEXT),
            Field("branch", "BrnchId/Id", TEXT),
        ),
    )


PARTY = party()
AGENT = agent("BICFI")
OLD_AGENT = agent("BIC")
PURPOSE: Codec = CODED
