"""What MONAI Label 0.8.5 needs to start beside current versions of its dependencies. All workarounds are here.

MONAI Label pins NumPy below 2 through ``numpymaxflow`` (for scribbles) and imports, when it starts, packages that only
DICOM web servers, DICOM SEG and the Digital Slide Archive use. Installed without its dependencies, beside the extra
``label`` of this package, it runs; what is imported and missing is stood in for.
"""

import importlib.util
import logging
import os
import sys
from types import ModuleType
from typing import Any, NoReturn

from monai_ssl.errors import InputError

__all__ = ["INSTALL", "prepare_upstream"]

INSTALL = 'pip install "monai-ssl[label]" && pip install --no-deps monailabel==0.8.5'

# What is imported when MONAI Label starts, and what it is for.
_STOOD_IN_FOR = {
    "itk": "MONAI Label's own writers, which are not used here",
    "pydicom_seg": "results as DICOM SEG",
    "SimpleITK": "results as DICOM SEG",
    "girder_client": "the Digital Slide Archive",
}
# Where MONAI Label logs the names of images, and those names may be those of patients.
_TALKATIVE = (
    *("monailabel.datastore", "monailabel.endpoints", "monailabel.interfaces", "monailabel.tasks"),
    *("monailabel.utils.async_tasks", "monailabel.utils.others.class_utils"),
    "__main__",  # of its processes for tasks, which print their results
)


def prepare_upstream() -> None:
    """Make MONAI Label importable, and keep the names of images out of its log; call it before any import of it.

    Raises:
        InputError: when MONAI Label is not installed.
    """
    if importlib.util.find_spec("monailabel") is None:
        raise InputError(f"MONAI Label is not installed: {INSTALL}")
    for name, purpose in _STOOD_IN_FOR.items():
        try:
            importlib.import_module(name)
        except Exception:  # an old package may stumble over anything in a newer one that it imports
            for part in [part for part in sys.modules if part == name or part.startswith(f"{name}.")]:
                del sys.modules[part]
            sys.modules[name] = _StandIn(name, purpose)
    from monailabel.config import settings

    # MONAI Label cannot print the addresses as it has read them, and browsers write them without the slash at the end.
    settings.MONAI_LABEL_CORS_ORIGINS = [str(origin).rstrip("/") for origin in settings.MONAI_LABEL_CORS_ORIGINS]
    os.environ["MONAI_LABEL_CORS_ORIGINS"] = "[]"  # of the processes of tasks, which would fail for the same reason
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.ERROR)
    logging.getLogger("ignite").setLevel(logging.CRITICAL)  # which repeats errors that the client is told


class _StandIn(ModuleType):
    """A package that can be imported, and says what is missing when it is used."""

    def __init__(self, name: str, purpose: str) -> None:
        super().__init__(name, f"Stands in for {name}, which is for {purpose}.")
        self.__path__: list[str] = []
        self._message = f"{name} is not installed, or does not work here. It is for {purpose}: install it for that."

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        message = self._message

        def missing(*_args: Any, **_kwargs: Any) -> NoReturn:
            raise InputError(message)

        return missing
