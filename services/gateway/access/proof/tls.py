"""Who a client certificate names: what gRPC tells of a connection, as a participant's policy
lists it."""

from collections.abc import Iterable, Mapping

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

_NAMES = "x509_subject_alternative_name"
_CERTIFICATE = "x509_pem_cert"
_FINGERPRINT = "sha256:"


def identities_of(auth_context: Mapping[str, Iterable[bytes]]) -> frozenset[str]:
    """SPIFFE ids, DNS names and the fingerprint of a verified client certificate; else none."""
    names = {name.decode("utf-8", "replace") for name in auth_context.get(_NAMES, ())}
    for pem in auth_context.get(_CERTIFICATE, ()):
        certificate = x509.load_pem_x509_certificate(pem)
        names.add(_FINGERPRINT + certificate.fingerprint(SHA256()).hex())
    return frozenset(names)
