"""Files that are written whole or not at all, JSON objects and their one clear error, checksums."""

import contextlib
import hashlib
import json
import os
import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from monai_ssl.errors import InputError

__all__ = ["file_sha256", "make_folder", "read_object", "write_json", "write_whole"]


@contextlib.contextmanager
def write_whole(path: str | os.PathLike[str], flush: bool = True) -> Iterator[Path]:
    """Give a temporary path beside ``path``; on success it is flushed to disk and renamed to ``path``.

    A process killed at any moment leaves either the old file or the new one. After an exception the temporary file is
    removed and the old file is as it was. The temporary name ends as the file's, for writers that go by the suffix.

    Args:
        path: the file to write; its folder is made where it is missing.
        flush: whether the file must outlive a power cut. What is made by the thousand and can be made again need not.

    Raises:
        InputError: when the folder cannot be written, or ``path`` is itself a folder.
    """
    target = Path(path)
    make_folder(target.parent)
    if target.is_dir():
        raise InputError(f"{target}: a file is to be written here, but this is a folder. Choose another name.")
    temporary = target.with_name(f".{os.getpid()}-{secrets.token_hex(4)}.{target.name}")
    temporary.touch(exist_ok=False)
    try:
        yield temporary
        if flush:
            with temporary.open("rb+") as file:
                os.fsync(file.fileno())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: str | os.PathLike[str], content: Any) -> None:
    """Write ``content`` as indented JSON, whole or not at all."""
    with write_whole(path) as temporary:
        temporary.write_text(
            json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8"
        )


def read_object(path: str | os.PathLike[str], remedy: str) -> dict[str, Any]:
    """Read a JSON object.

    Args:
        path: the file.
        remedy: what to do where it cannot be read: the last words of the error.

    Raises:
        InputError: when there is no such file, it cannot be read, or holds no JSON object.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: this file cannot be read ({error.strerror}). {remedy}") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: this file is damaged ({error}). {remedy}") from error
    if not isinstance(content, dict):
        raise InputError(f"{path}: this file is damaged (a JSON {type(content).__name__}, no object). {remedy}")
    return content


def file_sha256(path: str | os.PathLike[str]) -> str:
    """SHA-256 of a file of any size, in hexadecimal digits.

    Raises:
        OSError: when it cannot be read.
    """
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def make_folder(path: str | os.PathLike[str]) -> Path:
    """Make a folder and make sure that files can be written there.

    Raises:
        InputError: when it cannot be made or written.
    """
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise InputError(
            f"{folder}: this folder cannot be written ({error.strerror}). Choose another folder or mend its rights."
        ) from error
    return folder
