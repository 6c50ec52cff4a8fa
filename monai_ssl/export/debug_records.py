"""TorchScript without what it keeps for debugging."""

import zipfile
from pathlib import Path

from monai_ssl.files import write_whole

__all__ = ["remove_debug_records"]

_SUFFIX = ".debug_pkl"


def remove_debug_records(path: Path) -> None:
    """Take out of a TorchScript file the records that name the source files, and with them folders of this machine.

    They are optional: without them an error inside the network tells the place in the serialized code only.

    Args:
        path: as ``torch.jit.save`` wrote it, which is a ZIP archive.
    """
    with (
        zipfile.ZipFile(path) as source,
        write_whole(path, flush=False) as temporary,
        zipfile.ZipFile(temporary, "w") as target,
    ):
        for record in source.infolist():
            if not record.filename.endswith(_SUFFIX):
                target.writestr(record, source.read(record), zipfile.ZIP_STORED)
