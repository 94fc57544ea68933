"""Secrets that a service has to know in full, such as those it signs with, sealed at rest.

The key is a setting; several, separated by commas, allow a change: the first seals, all open.
What is sealed for a place names it, so that nobody who can write to a table or to Kafka can put
what belongs to one thing into another's place.
"""

import binascii
import hashlib
import hmac

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from pydantic import SecretStr

from services.core.errors import Unavailable

SECRETS_SETTING = "KAWASE_GATEWAY_SECRETS_KEY"
PAYEE_SETTING = "KAWASE_PAYEE_KEY"
"""What all have that handle bank accounts: the gateway, which takes them, settlement, which pays to
them, and the bridge, which tells banks."""


class SecretBox:
    """By the keys of `setting`. Raises ValueError where one is none of Fernet's."""

    def __init__(self, keys: SecretStr | None, setting: str = SECRETS_SETTING) -> None:
        self._setting = setting
        self._fernet: MultiFernet | None = None
        self._marks: list[bytes] = []
        if keys is not None:
            texts = [text.strip() for text in keys.get_secret_value().split(",") if text.strip()]
            try:
                self._fernet = MultiFernet([Fernet(text) for text in texts])
            except (ValueError, binascii.Error):
                raise ValueError(
                    f"{setting} must be keys of 32 bytes in URL-safe base64, separated by commas"
                ) from None
            self._marks = [
                hashlib.sha256(f"fingerprint {text}".encode()).digest() for text in texts
            ]

    @property
    def can_seal(self) -> bool:
        """Whether there is a key."""
        return self._fernet is not None

    def seal(self, text: str) -> bytes:
        """What may be stored. Raises `SecretsKeyMissing`."""
        return self.seal_bytes(text.encode())

    def seal_bytes(self, content: bytes) -> bytes:
        """`seal` for what is no text."""
        return self._key().encrypt(content)

    def seal_for(self, place: str, content: bytes) -> bytes:
        """`seal_bytes` for what belongs to `place`, a text without NUL.

        Raises `SecretsKeyMissing`.
        """
        return self.seal_bytes(place.encode() + b"\0" + content)

    def open_for(self, place: str, sealed: bytes) -> bytes:
        """Raises `SecretsKeyMissing`; `SecretUnreadable` also where it belongs to another place."""
        owner, _, content = self.open_bytes(sealed).partition(b"\0")
        if owner != place.encode():
            raise SecretUnreadable
        return content

    def fingerprint(self, content: bytes) -> bytes:
        """32 bytes that tell a repeat from other content, and of which nobody without the key can
        find the content by trying. Raises `SecretsKeyMissing`."""
        self._key()
        return hmac.digest(self._marks[0], content, "sha256")

    def is_fingerprint(self, mark: bytes, content: bytes) -> bool:
        """Whether `mark` was made of `content`, with any of the keys."""
        made = (hmac.digest(key, content, "sha256") for key in self._marks)
        return any(hmac.compare_digest(mark, each) for each in made)

    def open(self, sealed: bytes) -> str:
        """The text again. Raises `SecretsKeyMissing`, `SecretUnreadable`."""
        return self.open_bytes(sealed).decode()

    def open_bytes(self, sealed: bytes) -> bytes:
        """`open` for what is no text."""
        try:
            return self._key().decrypt(sealed)
        except InvalidToken:
            raise SecretUnreadable from None

    def _key(self) -> MultiFernet:
        if self._fernet is None:
            raise SecretsKeyMissing(self._setting)
        return self._fernet


class SecretsKeyMissing(Unavailable):
    """This service was given no key to seal with."""

    def __init__(self, setting: str) -> None:
        super().__init__(f"This service keeps no such secrets: its operator has to set {setting}.")


class SecretUnreadable(Unavailable):
    """A stored secret was sealed with a key that is no longer among the setting's."""

    def __init__(self) -> None:
        super().__init__(
            "A stored secret cannot be read with the service's present keys: "
            "its operator has to give the former key too, or the secret has to be made anew."
        )
