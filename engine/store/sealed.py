"""Bytes that must come back as they were: a changed bit in an array would otherwise be a wrong number."""

import hashlib

from engine.errors import StoreError
from engine.store.database import DAMAGED

_DIGEST = hashlib.sha256().digest_size


def seal(content: bytes) -> bytes:
    """The bytes with their digest in front."""
    return hashlib.sha256(content).digest() + content


def unseal(sealed: bytes, what: str, remedy: str = DAMAGED) -> bytes:
    """The bytes that were sealed. Raises StoreError if they changed."""
    digest, content = sealed[:_DIGEST], sealed[_DIGEST:]
    if hashlib.sha256(content).digest() != digest:
        raise StoreError(f"{what} cannot be read back", remedy)
    return content
