"""What MONAI Label lacks, and what it would say too much of."""

import subprocess
import sys

import pytest

pytest.importorskip("monailabel")

SCRIPT = """
import logging, sys
for name in ("itk", "pydicom_seg", "SimpleITK", "girder_client"):
    sys.modules[name] = None  # as if it were not installed
from monai_ssl.errors import InputError
from monai_ssl.label.upstream import prepare_upstream
prepare_upstream()
import pydicom_seg
try:
    pydicom_seg.MultiClassWriter(template=None)
except InputError as error:
    print(error)
import monailabel.app, monai_ssl.label.server, monai_ssl.label.app
print(logging.getLogger("monailabel.datastore.local").getEffectiveLevel())
"""


def test_missing_packages_are_stood_in_for():
    """In a process of its own: the stand-ins stay for as long as it lives."""
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == (
        "pydicom_seg is not installed, or does not work here. It is for results as DICOM SEG: install it for that."
    )
    assert lines[-1] == "40"
