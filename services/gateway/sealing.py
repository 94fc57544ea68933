"""Secrets that the gateway has to know in full, such as those it signs with, sealed at rest.

The key is a setting; several, separated by commas, allow a change: the first seals, all open.
"""

import binascii

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from pydantic import SecretStr

from services.core.errors import Unavailable


class SecretBox:
    """Seals and opens texts. Raises ValueError where a key is none of Fernet's."""

    def __init__(self, keys: SecretStr | None) -> None:
        self._fernet: MultiFernet | None = None
        if keys is not None:
            texts = [text.strip() for text in keys.get_secret_value().split(",") if text.strip()]
            try:
                self._fernet = MultiFernet([Fernet(text) for text in texts])
            except (ValueError, binascii.Error):
                raise ValueError(
                    "KAWASE_GATEWAY_SECRETS_KEY must be keys of 32 bytes in URL-safe base64, "
                    "separated by commas"
                ) from None

    @property
    def can_seal(self) -> bool:
        """Whether there is a key."""
        return self._fernet is not None

    def seal(self, text: str) -> bytes:
        """What may be stored. Raises `SecretsKeyMissing`."""
        return self._key().encrypt(text.encode())

    def open(self, sealed: bytes) -> str:
        """The text again. Raises `SecretsKeyMissing`, `SecretUnreadable`."""
        try:
            return self._key().decrypt(sealed).decode()
        except InvalidToken:
            raise SecretUnreadable from None

    def _key(self) -> MultiFernet:
        if self._fernet is None:
            raise SecretsKeyMissing
        return self._fernet


class SecretsKeyMissing(Unavailable):
    """This gateway was given no key to seal with."""

    def __init__(self) -> None:
        super().__init__(
            "This gateway keeps no secrets: its operator has to set KAWASE_GATEWAY_SECRETS_KEY."
        )


class SecretUnreadable(Unavailable):
    """A stored secret was sealed with a key that is no longer among the setting's."""

    def __init__(self) -> None:
        super().__init__(
            "A stored secret cannot be read with the gateway's present keys: "
            "its operator has to give the former key too, or the secret has to be made anew."
        )
