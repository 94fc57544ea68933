"""The one entry: any text a camera gives, whichever of the three kinds it is."""

from services.codes.consumer.decoding import decode_consumer_code, looks_like_consumer_code
from services.codes.findings import error
from services.codes.links import decode_link, looks_like_link
from services.codes.merchant.decoding import LONGEST_PAYLOAD, decode_merchant_code
from services.codes.merchant.schemes import EMVCO, profile_named
from services.codes.merchant.tlv import IDS
from services.codes.model import Code, Kind

# 512 bytes, which a reader of consumer codes must hold, take 684 characters of base64.
LONGEST_CONSUMER_PAYLOAD = 684


def decode(payload: str | bytes, profile: str = "emvco") -> Code:
    """Read a payment code and check it by the rules of `profile`.

    `profile` is `emvco`, a scheme's name, or `auto` for the rules of the scheme that the code
    itself names. Bytes are read as UTF-8. Whatever is wrong with the payload becomes a finding;
    only a profile that does not exist raises (`ProfileUnknown`).
    """
    rules = profile_named(profile)
    applied = rules.name if rules else EMVCO.name
    if isinstance(payload, bytes):
        # A character takes at most four bytes, so what is cut here stays too long.
        payload = payload[: 4 * (LONGEST_CONSUMER_PAYLOAD + 1)].decode("utf-8", "surrogateescape")
    if payload[:2] in IDS:
        if len(payload) > LONGEST_PAYLOAD:
            return _refused(applied, Kind.EMV_MPM, "LENGTH", _TOO_LONG)
        if not payload.isascii() and not _is_unicode(payload):
            return _refused(applied, Kind.EMV_MPM, "ENCODING", _NOT_UNICODE)
        return decode_merchant_code(payload, rules)
    if len(payload) > LONGEST_CONSUMER_PAYLOAD:
        kind = Kind.LINK if looks_like_link(payload) else Kind.EMV_MPM
        return _refused(applied, kind, "LENGTH", _TOO_LONG)
    if looks_like_link(payload):
        return decode_link(payload, applied)
    if looks_like_consumer_code(payload):
        return decode_consumer_code(payload, rules)
    return _refused(applied, Kind.EMV_MPM, "UNKNOWN_KIND", _UNKNOWN_KIND)


_NOT_UNICODE = "The payload is not UTF-8 text: scan the code again, or ask for a new one."
_TOO_LONG = (
    f"The payload has more than {LONGEST_PAYLOAD} characters, which no payment code has: check "
    "that the right code was scanned."
)
_UNKNOWN_KIND = (
    "This is not a payment code we know: it is neither an EMVCo merchant or consumer code nor a "
    "link of a known wallet. Check that the right code was scanned."
)


def _is_unicode(payload: str) -> bool:
    try:
        payload.encode()
    except UnicodeEncodeError:
        return False
    return True


def _refused(profile: str, kind: Kind, code: str, said: str) -> Code:
    """A payload that was not read; `kind` is then only what it looks like."""
    return Code(kind, profile, False, None, (error(code, "", said),), {}, {})
