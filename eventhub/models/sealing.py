"""Seal what must not be read from a stolen database, and find it again by a blind index.

AES-SIV (RFC 5297) with the place of the value as associated data: a sealed value copied into another row, column
or table does not open. The index is an HMAC under a key of its own, so that equal numbers meet without being read.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV


class SealBroken(Exception):
    """A sealed value does not belong where it stands, or was made with another key."""


@dataclass(frozen=True)
class Seals:
    """The keys in force. ``data_key``: 64 bytes; ``index_key``: 32 bytes, kept apart from it.

    ``key_id`` stands in front of each sealed value, so that keys can be changed row by row.
    """

    data_key: bytes
    index_key: bytes
    key_id: str = "1"

    def seal(self, text: str, *, table: str, column: str, row: str) -> bytes:
        """The text, readable only with the key and only at this place."""
        place = f"{table}|{column}|{row}|{self.key_id}".encode()
        return self.key_id.encode() + b":" + AESSIV(self.data_key).encrypt(text.encode(), [place])

    def open(self, sealed: bytes, *, table: str, column: str, row: str) -> str:
        """The text again; :class:`SealBroken` if it was moved, changed, or sealed with another key."""
        key_id, _, ciphertext = sealed.partition(b":")
        place = f"{table}|{column}|{row}|{key_id.decode()}".encode()
        try:
            return AESSIV(self.data_key).decrypt(ciphertext, [place]).decode()
        except InvalidTag as error:
            raise SealBroken(place.decode()) from error

    def index(self, text: str) -> str:
        """The blind index of a normalised value: equal for equal values, 128 bits as hex."""
        return hmac.new(self.index_key, text.encode(), hashlib.sha256).hexdigest()[:32]
