"""The table of national schemes. Adding a scheme means adding a row here, and its vectors.

Sources: the public code and samples named in `tests/golden/emv_mpm_public.json`, for JPQR the MPM
guideline 1.0 as implemented by mercari/go-emv-code. Where only samples were found, a row says what
the samples share and no more.
"""

from collections.abc import Mapping
from types import MappingProxyType

from services.codes.findings import ProfileUnknown
from services.codes.merchant.fields import Field
from services.codes.merchant.profiles import Profile, Template


def _exactly(name: str, length: int, form: str = "ans") -> Field:
    return Field(name, form, length, length)


def _waived(*paths: str) -> frozenset[tuple[str, str]]:
    return frozenset(("MANDATORY_MISSING", path) for path in paths)


EMVCO = Profile(name="emvco", title="EMVCo")

JPQR = Profile(
    name="jpqr",
    title="JPQR",
    countries=("JP",),
    templates=(
        Template(
            account="jpqr",
            guid="jp.or.paymentsjapan",
            usual_id="26",
            key=("01", "02", "03", "04"),
            fields={
                "01": _exactly("operator code", 13),
                "02": _exactly("contract code", 4),
                "03": _exactly("store code", 6),
                "04": _exactly("terminal code", 6),
            },
            required=("01", "02", "03", "04"),
        ),
    ),
    mandatory=("61", "64"),
    absent=("64.02",),
    values={"53": ("392",), "58": ("JP",), "64.00": ("JA",)},
    consumer_formats=("JPQR1",),
)

SGQR = Profile(
    name="sgqr",
    title="SGQR / PayNow",
    aliases=("paynow",),
    countries=("SG",),
    templates=(
        Template(
            account="paynow",
            guid="SG.PAYNOW",
            usual_id="26",
            key=("01", "02"),
            fields={
                "01": _exactly("proxy type", 1, "N"),
                "03": _exactly("amount editable", 1, "N"),
                "04": Field("expiry", "N", 8, 14),
            },
            required=("01", "02"),
        ),
        Template(
            account="sgqr",
            guid="SG.SGQR",
            usual_id="51",
            key=("01",),
            fields={"07": _exactly("date of issue", 8, "N")},
            required=("01",),
        ),
    ),
    values={"53": ("702",), "58": ("SG",)},
)

PROMPTPAY = Profile(
    name="promptpay",
    title="PromptPay",
    countries=("TH",),
    templates=(
        Template(
            account="promptpay",
            guid="A000000677010111",
            usual_id="29",
            key=("01", "02", "03"),
            alternatives=True,
            fields={
                "01": _exactly("mobile number", 13, "N"),
                "02": _exactly("tax id", 13, "N"),
                "03": _exactly("e-wallet id", 15, "N"),
            },
        ),
        Template(
            account="promptpay_bill",
            guid="A000000677010112",
            usual_id="30",
            key=("01",),
            fields={
                "01": Field("biller id", "N", 13, 15),
                "02": Field("reference 1", "ans", 1, 20),
                "03": Field("reference 2", "ans", 1, 20),
            },
            required=("01",),
        ),
    ),
    values={"53": ("764",), "58": ("TH",)},
    waived=_waived("52", "59", "60"),
)

QRIS = Profile(
    name="qris",
    title="QRIS",
    countries=("ID",),
    templates=(
        Template(
            account="qris",
            guid="ID.CO.QRIS.WWW",
            usual_id="51",
            key=("02",),
            fields={"02": _exactly("national merchant id", 15), "03": _exactly("size class", 3)},
            required=("02",),
        ),
    ),
    values={"53": ("360",), "58": ("ID",)},
)

DUITNOW = Profile(
    name="duitnow",
    title="DuitNow",
    countries=("MY",),
    templates=(
        Template(
            account="duitnow",
            guid="A0000006150001",
            usual_id="26",
            key=("01", "02"),
            fields={"01": _exactly("acquirer", 6, "N")},
            required=("01", "02"),
        ),
    ),
    values={"00": ("01", "02"), "53": ("458",), "58": ("MY",)},
    waived=frozenset({("PFI_VALUE", "00")}),
)

QRPH = Profile(
    name="qrph",
    title="QR Ph",
    countries=("PH",),
    templates=(
        Template("qrph", "ph.ppmi.p2m", "28", key=("01", "03"), required=("01",)),
        Template("qrph_p2p", "com.p2pqrpay", "27", key=("01", "02", "04"), required=("01",)),
    ),
    values={"53": ("608",), "58": ("PH",)},
)

VIETQR = Profile(
    name="vietqr",
    title="VietQR",
    countries=("VN",),
    templates=(
        Template(
            account="vietqr",
            guid="A000000727",
            usual_id="38",
            key=("01.00", "01.01"),
            nested=("01",),
            required=("01",),
        ),
    ),
    values={"53": ("704",), "58": ("VN",)},
    waived=_waived("52", "59", "60"),
)

KHQR = Profile(
    name="khqr",
    title="KHQR",
    countries=("KH",),
    templates=(Template("khqr", "*@", "29", key=("00",)),),
    values={"53": ("116", "840"), "58": ("KH",)},
)

FPS = Profile(
    name="fps",
    title="HK FPS",
    aliases=("hkfps",),
    countries=("HK",),
    templates=(
        Template(
            account="fps",
            guid="hk.com.hkicl",
            usual_id="26",
            key=("02", "03", "04"),
            alternatives=True,
        ),
    ),
    values={"53": ("344", "156"), "58": ("HK",)},
)

PIX = Profile(
    name="pix",
    title="Pix",
    countries=("BR",),
    templates=(Template("pix", "br.gov.bcb.pix", "26", key=("01", "25"), alternatives=True),),
    values={"53": ("986",), "58": ("BR",)},
    waived=_waived("60") | {("AMOUNT_ZERO", "54")},
)

LAOQR = Profile(
    name="laoqr",
    title="Lao QR",
    countries=("LA",),
    templates=(
        Template("laoqr", "A005266284662577", "38", key=("01", "02", "03", "04"), required=("01",)),
    ),
    values={"53": ("418",), "58": ("LA",)},
)

# Our own. EMVCo MPM v1.1 takes a UUID for a GUID, which nobody has to register.
PERSON = Profile(
    name="kawase-person",
    title="kawase's codes of persons",
    templates=(
        Template(
            account="kawase-person",
            guid="5d2f7a4e91c84b0fa36be07c18d9f425",
            usual_id="26",
            key=("01",),
            fields={"01": _exactly("token", 26)},
            required=("01",),
        ),
    ),
)

UNIONPAY = Profile(name="unionpay", title="UnionPay", primitives=("15", "16"))

SCHEMES = (
    JPQR,
    SGQR,
    PROMPTPAY,
    QRIS,
    DUITNOW,
    QRPH,
    VIETQR,
    KHQR,
    FPS,
    PIX,
    LAOQR,
    PERSON,
    UNIONPAY,
)

PROFILES: Mapping[str, Profile] = MappingProxyType(
    {name: one for one in (EMVCO, *SCHEMES) for name in (one.name, *one.aliases)}
)
AUTO = "auto"
PROFILE_NAMES = (*PROFILES, AUTO)

_BY_GUID = {
    template.guid.casefold(): (profile, template)
    for profile in SCHEMES
    for template in profile.templates
}
_BY_PATTERN = tuple(
    (profile, template)
    for profile in SCHEMES
    for template in profile.templates
    if template.guid.startswith("*")
)
_BY_PRIMITIVE = {root_id: profile for profile in SCHEMES for root_id in profile.primitives}


def profile_named(name: str) -> Profile | None:
    """The profile of that name or alias; None for `auto`. Raises `ProfileUnknown`."""
    if name == AUTO:
        return None
    try:
        return PROFILES[name]
    except KeyError:
        raise ProfileUnknown(name, PROFILE_NAMES) from None


def scheme_of_guid(guid: str) -> tuple[Profile, Template] | None:
    """Whose template carries `guid`; None for a network that is not in the table."""
    found = _BY_GUID.get(guid.casefold())
    if found is not None:
        return found
    return next((pair for pair in _BY_PATTERN if pair[1].knows(guid)), None)


def scheme_of_primitive(root_id: str) -> Profile | None:
    """The scheme that a primitive account id stands for, if it is in the table."""
    return _BY_PRIMITIVE.get(root_id)
