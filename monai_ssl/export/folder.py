"""A folder that is written whole or not at all."""

import contextlib
import os
import secrets
import shutil
from collections.abc import Collection, Iterator
from pathlib import Path

from monai_ssl.errors import InputError
from monai_ssl.files import make_folder

__all__ = ["check_target", "write_folder"]


def check_target(path: str | os.PathLike[str], known: Collection[str], mark: str, overwrite: bool) -> Path:
    """Check that a folder may be written, before any work is done for it.

    Args:
        path: the folder.
        known: the names of the files that it may have from an earlier time.
        mark: the one of them that each has. Others are as common as ``model.pt``, and do not tell whose they are.
        overwrite: whether such a folder is replaced.

    Returns:
        The absolute path.

    Raises:
        InputError: when it is there already and may not be replaced, which nothing that holds other files may.
    """
    target = Path(path).absolute()
    if not os.path.lexists(target):
        return target
    if target.is_symlink() or not target.is_dir():
        raise InputError(f"{target}: a folder is to be written here, but this is something else. Choose another name.")
    if not overwrite:
        raise InputError(f"{target}: this folder is there already. Choose another, or replace it with `--overwrite`.")
    found = list(target.iterdir())
    strangers = sorted(entry.name for entry in found if entry.name not in known or entry.is_dir())
    if strangers or (found and not (target / mark).is_file()):
        named = strangers or sorted(entry.name for entry in found)
        raise InputError(
            f"{target}: this folder holds what is no export ({', '.join(named[:3])}), so it is not replaced. "
            "Choose another."
        )
    return target


@contextlib.contextmanager
def write_folder(
    path: str | os.PathLike[str], known: Collection[str], mark: str, overwrite: bool = False
) -> Iterator[Path]:
    """Give a temporary folder beside ``path``; on success its files are flushed to disk and it is renamed to ``path``.

    After an exception the temporary folder is removed, and a folder that was to be replaced is as it was.

    Args:
        path: the folder to write.
        known: see :func:`check_target`.
        mark: see :func:`check_target`.
        overwrite: see :func:`check_target`.

    Raises:
        InputError: as :func:`check_target`, or when the disk does not take the files.
    """
    target = check_target(path, known, mark, overwrite)
    make_folder(target.parent)
    unique = f"{os.getpid()}-{secrets.token_hex(4)}"
    temporary, former = (
        target.with_name(f".{unique}.{target.name}"),
        target.with_name(f".{unique}.former.{target.name}"),
    )
    try:
        temporary.mkdir()
        yield temporary
        for file in temporary.iterdir():
            with file.open("rb+") as opened:
                os.fsync(opened.fileno())
        if check_target(target, known, mark, overwrite).exists():
            target.rename(former)
        try:
            temporary.rename(target)
        except OSError:
            if former.exists():
                former.rename(target)
            raise
    except OSError as error:
        raise InputError(
            f"{target}: this folder cannot be written ({error.strerror or error}). Make room on this disk, or choose "
            "another folder."
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        if target.exists():
            shutil.rmtree(former, ignore_errors=True)
