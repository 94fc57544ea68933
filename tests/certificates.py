"""An authority of tests' own that signs certificates, and settings that use them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from services.kit.settings import ServiceSettings

REQUIRED: dict[str, Any] = {"postgres": "postgresql://nowhere/x", "kafka": "localhost:1"}
DAY = timedelta(days=1)


@dataclass
class Authority:
    """Signs certificates, and keeps them as files."""

    folder: Path

    def __post_init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.folder.name)])
        self.folder.mkdir()
        basic = x509.BasicConstraints(ca=True, path_length=0)
        made = self._builder(self.name, self.key).add_extension(basic, critical=True)
        self.ca = self._write("ca", made.sign(self.key, hashes.SHA256()), self.key)

    def _builder(self, name: x509.Name, key: ec.EllipticCurvePrivateKey, days: int = 1) -> Any:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - 3 * DAY)
            .not_valid_after(now + days * DAY)
        )

    def _write(
        self, name: str, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey
    ) -> Path:
        path = self.folder / f"{name}.pem"
        path.write_bytes(certificate.public_bytes(Encoding.PEM))
        secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        path.with_suffix(".key").write_bytes(secret)
        return path

    def sign(self, name: str, *names: x509.GeneralName, days: int = 1) -> Path:
        """A certificate for these names, good for `days` from now; its key lies beside it."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = self._builder(subject, key, days).add_extension(
            x509.SubjectAlternativeName(names), critical=False
        )
        return self._write(name, builder.sign(self.key, hashes.SHA256()), key)


def settings(certificate: Path | None = None, **more: Path) -> ServiceSettings:
    """A service's, with a certificate and its key."""
    if certificate is not None:
        more |= {"tls_certificate": certificate, "tls_key": certificate.with_suffix(".key")}
    return ServiceSettings(**REQUIRED, **dict[str, Any](more))
