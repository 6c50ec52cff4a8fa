"""What most tests of pseudo-labels begin with."""

import pytest

from tests.pseudo_labels.pseudo import nifti_entries, teacher


@pytest.fixture
def entries(request, tmp_path):
    """A teacher, and a volume for each of the module's patients."""
    teacher(tmp_path)
    return nifti_entries(tmp_path / "images", request.module.PATIENTS)
