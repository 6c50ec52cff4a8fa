"""Keyed hashes: names that are always the same and tell nothing to whom the key is not given."""

import hashlib
import secrets
from pathlib import Path

from monai_ssl.errors import InputError
from monai_ssl.files import write_whole

__all__ = ["opaque", "read_salt", "salt_file"]

_BYTES = 32


def salt_file(output: Path) -> Path:
    """The file of a data set's salt: ``<output>.salt``, beside the folder and never in it."""
    whole = output.absolute()
    return whole.with_name(f"{whole.name}.salt")


def read_salt(output: Path) -> bytes:
    """Read the salt of a data set, or make it: who has it can tell from an identifier which group it is.

    Args:
        output: the data set's folder; the salt lies beside it, readable by its owner only.

    Raises:
        InputError: when the file cannot be read or written, or is no salt.
    """
    file = salt_file(output)
    if not file.exists():
        with write_whole(file) as temporary:
            temporary.chmod(0o600)
            temporary.write_text(secrets.token_hex(_BYTES) + "\n", encoding="ascii")
    try:
        salt = bytes.fromhex(file.read_text(encoding="ascii").strip())
    except (OSError, ValueError) as error:
        raise InputError(
            f"{file}: the salt of this data set cannot be read ({type(error).__name__}). Put it back, or remove it to "
            "have new pseudonyms."
        ) from None
    if len(salt) != _BYTES:
        raise InputError(f"{file}: this is no salt of a data set. Put it back, or remove it to have new pseudonyms.")
    return salt


def opaque(salt: bytes, *parts: object) -> str:
    """16 hexadecimal digits for some values: the same for the same values and salt, not to be had without the salt."""
    text = "\0".join(map(str, parts))
    return hashlib.blake2b(text.encode("utf-8", "surrogateescape"), key=salt, digest_size=8).hexdigest()
