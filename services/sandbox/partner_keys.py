"""The key pairs with which bridge and the simulated AMS partner sign, made at the first use."""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

KEY_BITS = 2048
EXPONENT = 65537
CLIENT, PARTNER = "ams-client", "ams-partner"


def client_env(directory: Path) -> dict[str, str]:
    """Where bridge finds its own private key and the partner's public one."""
    return {
        "KAWASE_AMS_KEY": str(_pair(directory, CLIENT)[0]),
        "KAWASE_AMS_PARTNER_KEY": str(_pair(directory, PARTNER)[1]),
    }


def partner_env(directory: Path) -> dict[str, str]:
    """Where the simulator finds its own private key and its client's public one."""
    return {
        "KAWASE_AMS_KEY": str(_pair(directory, PARTNER)[0]),
        "KAWASE_AMS_CLIENT_KEY": str(_pair(directory, CLIENT)[1]),
    }


def make_pair() -> tuple[bytes, bytes]:
    """A fresh private and public key, as PEM."""
    private = rsa.generate_private_key(EXPONENT, KEY_BITS)
    return (
        private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    )


def _pair(directory: Path, name: str) -> tuple[Path, Path]:
    """The files of a pair: private, public. The public one is written last."""
    folder = directory / "secrets"
    private, public = folder / f"{name}.key", folder / f"{name}.pub"
    if not public.exists():
        folder.mkdir(parents=True, exist_ok=True)
        private_pem, public_pem = make_pair()
        private.unlink(missing_ok=True)
        private.touch(mode=0o600)
        private.write_bytes(private_pem)
        public.write_bytes(public_pem)
    return private, public
