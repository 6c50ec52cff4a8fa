"""What the tests of exports share with others."""

from tests.transforms.conftest import write_dicom

__all__ = ["write_dicom"]
