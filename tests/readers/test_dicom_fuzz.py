"""Damaged files give an image or an InputError, and do not end the process that reads them."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.encaps import encapsulate
from pydicom.uid import JPEGLossless, JPEGLSLossless, RLELossless

from tests.readers.test_dicom_syntaxes import HUNDREDS, LOSSLESS_JPEG_OF_HUNDREDS

FILES = 25
"""Damaged files made of each whole one."""

_PIXELS = b"\xe0\x7f\x10\x00"
_IMAGE_GROUP = b"\x28\x00\x02\x00"

# Reads the files of a folder, each after it has said which; memory and time are limited, as no damaged length may ask
# for more.
_CHILD = """
import logging, resource, signal, sys, warnings
from pathlib import Path
warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)
from monai_ssl.errors import InputError
from monai_ssl.readers import read_dicom
resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))
read = 0
for path in sorted(Path(sys.argv[1]).iterdir()):
    print(path.name, flush=True)
    signal.alarm(20)
    try:
        read_dicom(path)
        read += 1
    except InputError as error:
        assert str(error).startswith(f"{path}: ")
signal.alarm(0)
print("read", read, flush=True)
"""


@pytest.fixture
def written(write_dicom, tmp_path) -> list[Path]:
    """Whole files, plain and compressed, that need nothing but this test."""
    generator = np.random.default_rng(0)
    stored = generator.integers(0, 4096, (16, 16), dtype=np.uint16)
    paths = [
        write_dicom(stored, name="plain", WindowCenter="40", WindowWidth="80", RescaleSlope="2"),
        write_dicom(stored, name="implicit", syntax="1.2.840.10008.1.2"),
        write_dicom(stored, name="deflated", syntax="1.2.840.10008.1.2.1.99"),
        write_dicom(stored[:8], name="frames", NumberOfFrames=2, PixelData=stored.tobytes()),
    ]
    for syntax, encoder, package in ((RLELossless, "pydicom", "pydicom"), (JPEGLSLossless, "pyjpegls", "jpeg_ls")):
        if _installed(package):
            path = write_dicom(stored, name=encoder)
            dataset = dcmread(path)
            dataset.compress(syntax, encoding_plugin=encoder)
            dataset.save_as(path)
            paths.append(path)
    frame = encapsulate([LOSSLESS_JPEG_OF_HUNDREDS], has_bot=False)
    paths.append(write_dicom(HUNDREDS, name="lossless", syntax=JPEGLossless, PixelData=frame))
    return paths


def _installed(package: str) -> bool:
    try:
        __import__(package)
    except ImportError:
        return False
    return True


def damage(content: bytes, generator: np.random.Generator) -> Iterator[bytes]:
    """Cut the content, or change a few bytes."""
    for number in range(FILES):
        if number % 5 == 0:
            yield content[: generator.integers(1, len(content))]
            continue
        changed = bytearray(content)
        # Anywhere, in the elements that describe the image, where the pixels begin, or in the second half.
        starts = (0, content.find(_IMAGE_GROUP), content.rfind(_PIXELS), len(content) // 2)
        lengths = (len(content), 200, 200, len(content))
        start = max(starts[number % 5 - 1], 0)
        stop = min(start + lengths[number % 5 - 1], len(content))
        for place in generator.integers(start, stop, generator.integers(1, 9)):
            changed[place] = generator.choice([0, 1, 127, 128, 255, generator.integers(256)])
        yield bytes(changed)


def read_damaged(whole: list[Path], folder: Path) -> int:
    """Read damaged forms of the files in another process; gives the number that were read all the same."""
    folder.mkdir()
    generator = np.random.default_rng(1)
    for path in whole:
        for number, content in enumerate(damage(path.read_bytes(), generator)):
            (folder / f"{path.name}-{number}").write_bytes(content)
    child = subprocess.run([sys.executable, "-c", _CHILD, str(folder)], capture_output=True, text=True, check=False)
    lines = child.stdout.split("\n")
    assert child.returncode == 0, f"{lines[-2]}: exit code {child.returncode}\n{child.stderr[-2000:]}"
    assert len(lines) == len(whole) * FILES + 2
    return int(lines[-2].removeprefix("read "))


@pytest.mark.skipif(os.name == "nt", reason="limits of memory and time are those of POSIX")
def test_written_files(written, tmp_path):
    read = read_damaged(written, tmp_path / "damaged")
    assert 0 < read < len(written) * FILES


@pytest.mark.skipif(os.name == "nt", reason="limits of memory and time are those of POSIX")
def test_real_files(real_images, tmp_path):
    folder = real_images / "dicom_variety"
    whole = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.stat().st_size < 60_000]
    read = read_damaged(whole, tmp_path / "damaged")
    assert 0 < read < len(whole) * FILES
