"""Where the server keeps what is sent to it, until it is taken or refused."""

import os
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

__all__ = ["remove_old_uploads", "uploads_folder", "use_own_folder"]

_VARIABLE = "MONAI_SSL_LABEL_UPLOADS"
_PREFIX, _LOCK = "monai_ssl_label_", ".lock"
_KEPT = 3600.0  # seconds; a prediction takes less
_NEW = 60.0  # seconds in which a folder may not have its lock yet
_held: list[FileLock] = []


def use_own_folder() -> None:
    """Let temporary files of this process and its children go to a folder that nothing else is in.

    MONAI Label leaves uploads there when a request is refused, and takes any file that exists for one. Folders of
    servers that were killed are removed.
    """
    if not Path(os.environ.get(_VARIABLE, "/nowhere")).is_dir():
        _remove_abandoned(Path(tempfile.gettempdir()))
        os.environ[_VARIABLE] = os.environ["TMPDIR"] = tempfile.mkdtemp(prefix=_PREFIX)
        _held.append(FileLock(Path(os.environ[_VARIABLE]) / _LOCK))  # for as long as this process lives
        _held[-1].acquire()
    tempfile.tempdir = os.environ[_VARIABLE]


def uploads_folder() -> Path | None:
    """The folder; None where it is not the server, or its child, that asks."""
    return Path(os.environ[_VARIABLE]) if _VARIABLE in os.environ else None


def remove_old_uploads(kept: float = _KEPT) -> None:
    """Remove what has been there for a while, or (0) all of it with the folder."""
    folder = uploads_folder()
    if folder is None or not folder.is_dir():
        return
    if not kept:
        shutil.rmtree(folder, ignore_errors=True)
        return
    for path in folder.iterdir():
        if path.name != _LOCK and path.is_file() and path.stat().st_mtime < time.time() - kept:
            path.unlink(missing_ok=True)


def _remove_abandoned(parent: Path) -> None:
    """Remove the folders of processes that do not live any more: what was uploaded may be images of patients."""
    for folder in parent.glob(f"{_PREFIX}*"):
        with suppress(OSError, Timeout):  # of another user, or in use
            if (folder / _LOCK).stat().st_mtime < time.time() - _NEW:
                with FileLock(folder / _LOCK, timeout=0):
                    shutil.rmtree(folder)
