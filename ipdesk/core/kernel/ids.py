"""References that people read out, and tokens that nobody can guess."""

import hashlib
import secrets

# Crockford base 32: no I, L, O, U, so a reference survives a telephone call.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_reference(prefix: str) -> str:
    """A random public reference, ``C-7K3M-9Q2X``: 40 bits, unique by constraint."""
    body = "".join(secrets.choice(_ALPHABET) for _ in range(8))
    return f"{prefix}-{body[:4]}-{body[4:]}"


def new_token() -> str:
    """A 256-bit URL-safe secret for links and keys."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    """What is stored instead of a token: SHA-256 hex. Tokens are random, so no salt is needed."""
    return hashlib.sha256(token.encode()).hexdigest()
