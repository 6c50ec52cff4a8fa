"""The quick way to find elements gives what pydicom gives, or nothing."""

import numpy as np
import pytest
from pydicom import Dataset, dcmread

from monai_ssl.readers.dicom_scan import scan_elements
from monai_ssl.readers.dicom_values import tag_of

STORED = np.arange(6, dtype=np.int16).reshape(2, 3)
KEYWORDS = (
    "Modality",
    "Rows",
    "RescaleSlope",
    "WindowCenter",
    "RequestAttributesSequence",
    "PixelData",
    "ImageComments",
)
WANTED = frozenset(tag_of(keyword) for keyword in KEYWORDS)


def scan(path):
    with path.open("rb", buffering=0) as file:
        return scan_elements(file, WANTED)


def test_elements_are_as_pydicom_reads_them(write_dicom):
    item = Dataset()
    item.ScheduledProcedureStepID = "1"
    path = write_dicom(
        STORED, RescaleSlope="2.5", WindowCenter=["40", "600"], PatientID="1", RequestAttributesSequence=[item]
    )
    found, expected = scan(path), dcmread(path)
    assert found.file_meta.TransferSyntaxUID == expected.file_meta.TransferSyntaxUID
    assert set(found.keys()) == WANTED - {tag_of("ImageComments")}
    assert bytes(found.get_item("PixelData").value) == STORED.tobytes()
    for keyword in KEYWORDS[:-2]:
        assert found[keyword] == expected[keyword]


def test_it_reads_no_further_than_the_pixels(write_dicom):
    path = write_dicom(STORED)
    path.write_bytes(path.read_bytes() + b"\xfc\xff\xfc\xffOB\0\0 and what not")
    assert bytes(scan(path).get_item("PixelData").value) == STORED.tobytes()


def test_header_longer_than_what_is_read_at_once(write_dicom):
    assert scan(write_dicom(STORED, PixelData=bytes(100_000))).get_item("PixelData").value == bytes(100_000)
    path = write_dicom(STORED, ImageComments="x" * 9000, RedPaletteColorLookupTableData=bytes(60_000))
    assert scan(path) is None


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1.99"])
def test_other_encodings_are_left_to_pydicom(write_dicom, syntax):
    assert scan(write_dicom(STORED, syntax=syntax)) is None


def test_damaged_files_are_left_to_pydicom(write_dicom):
    path = write_dicom(STORED)
    content = path.read_bytes()
    rows = content.index(bytes.fromhex("28001000") + b"US")
    damaged = {
        "cut": content[:-1],
        "no pixels": content[: content.rindex(b"\xe0\x7f\x10\0")],
        "unknown VR": content[: rows + 4] + b"XX" + content[rows + 6 :],
        "length": content[: rows + 6] + b"\xff\xff" + content[rows + 8 :],
        "order": content[:rows] + b"\x08\0" + content[rows + 2 :],
        "no preamble": content[132:],
        "empty": b"",
    }
    for name, changed in damaged.items():
        path.write_bytes(changed)
        assert scan(path) is None, name
