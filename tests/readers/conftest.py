"""The DICOM files that other tests write too."""

from tests.transforms.conftest import write_dicom

__all__ = ["write_dicom"]
