"""Where the server keeps what is sent to it, until it is taken or refused."""

import os
import shutil
import tempfile
import time
from pathlib import Path

__all__ = ["remove_old_uploads", "uploads_folder", "use_own_folder"]

_VARIABLE = "MONAI_SSL_LABEL_UPLOADS"
_KEPT = 3600.0  # seconds; a prediction takes less


def use_own_folder() -> None:
    """Let temporary files of this process and its children go to a folder that nothing else is in.

    MONAI Label leaves uploads there when a request is refused, and takes any file that exists for one.
    """
    if not Path(os.environ.get(_VARIABLE, "/nowhere")).is_dir():
        os.environ[_VARIABLE] = os.environ["TMPDIR"] = tempfile.mkdtemp(prefix="monai_ssl_label_")
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
        if path.is_file() and path.stat().st_mtime < time.time() - kept:
            path.unlink(missing_ok=True)
