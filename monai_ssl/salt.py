"""Keyed hashes: names that are always the same and tell nothing to whom the key is not given."""

import hashlib
import os
import secrets
from pathlib import Path

from monai_ssl.errors import InputError
from monai_ssl.files import write_whole

__all__ = ["opaque", "read_salt", "salt_file"]

_BYTES = 32


def salt_file(folder: str | os.PathLike[str]) -> Path:
    """The file of a folder's salt: ``<folder>.salt``, beside the folder and never in it."""
    whole = Path(os.path.abspath(folder))  # noqa: PTH100 - also of a path that ends in ..
    return whole.with_name(f"{whole.name}.salt")


def read_salt(folder: str | os.PathLike[str]) -> bytes:
    """Read the salt of a folder, or make it: who has it can tell which name was made of what.

    Processes that come at once all read the salt of the one that was first.

    Args:
        folder: whose salt it is; the file lies beside it, readable by its owner only.

    Returns:
        32 random bytes.

    Raises:
        InputError: when the file cannot be read or written, or is no salt.
    """
    file = salt_file(folder)
    if not file.exists():
        _make_salt(file)
    try:
        salt = bytes.fromhex(file.read_text(encoding="ascii").strip())
    except (OSError, ValueError) as error:
        raise InputError(
            f"{file}: this salt cannot be read ({type(error).__name__}). Put it back, or remove it to have new names "
            "for all that it named."
        ) from None
    if len(salt) != _BYTES:
        raise InputError(f"{file}: this is no salt. Put it back, or remove it to have new names for all that it named.")
    return salt


def opaque(salt: bytes, *parts: object, size: int = 8) -> str:
    """Hexadecimal digits for some values: the same for the same values and salt, not to be had without the salt.

    Args:
        salt: as :func:`read_salt` gives it.
        parts: what is named; of each, its text counts.
        size: bytes of the name, of two digits each: 8 tell a million names apart, with a chance of error of 1 in 10
            million; 16 are for where an error would go unseen.
    """
    text = "\0".join(map(str, parts))
    return hashlib.blake2b(text.encode("utf-8", "surrogateescape"), key=salt, digest_size=size).hexdigest()


def _make_salt(file: Path) -> None:
    draft = file.with_name(f".{secrets.token_hex(4)}.{file.name}")
    with write_whole(draft) as temporary:
        temporary.chmod(0o600)
        temporary.write_text(secrets.token_hex(_BYTES) + "\n", encoding="ascii")
    try:
        # Unlike a renaming, a link cannot take the place of the salt that another process has made meanwhile.
        os.link(draft, file)
    except FileExistsError:
        pass
    except OSError:  # a file system without links
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
