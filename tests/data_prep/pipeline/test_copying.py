"""Copies keep what the reader reads, and nothing that tells whose image it is."""

import os
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate_extended
from pydicom.uid import ExplicitVRLittleEndian, RLELossless, SecondaryCaptureImageStorage, generate_uid

from data_prep.pipeline import copying
from data_prep.pipeline.copying import copied_records, copy_files, copy_image
from data_prep.records import Record
from monai_ssl.errors import InputError
from monai_ssl.readers import read_dicom


def dicom(bits: int = 16) -> pydicom.Dataset:
    """4 x 4 grey pixels without values."""
    dataset = pydicom.Dataset()
    dataset.PatientName = dataset.PatientID = "REAL"
    dataset.SOPClassUID, dataset.SOPInstanceUID, dataset.Modality = SecondaryCaptureImageStorage, generate_uid(), "OT"
    dataset.Rows = dataset.Columns = 4
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated = bits
    if bits <= 16:
        dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = bits, bits - 1, 0
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return dataset


def copied(dataset: pydicom.Dataset, folder: Path) -> Path:
    dataset.save_as(folder / "REAL.dcm", enforce_file_format=True)
    copy_image(folder / "REAL.dcm", folder / "i000001.dcm", "p00001")
    assert b"REAL" not in (folder / "i000001.dcm").read_bytes()
    return folder / "i000001.dcm"


@pytest.mark.parametrize(("keyword", "dtype"), [("FloatPixelData", "<f4"), ("DoubleFloatPixelData", "<f8")])
def test_floating_point_pixels(tmp_path: Path, keyword: str, dtype: str) -> None:
    values = np.linspace(-1.5, 2.5, 16).astype(dtype).reshape(4, 4)
    dataset = dicom(bits=8 * values.itemsize)
    setattr(dataset, keyword, values.tobytes())
    np.testing.assert_array_equal(read_dicom(copied(dataset, tmp_path))[0].squeeze(), values)


def test_segmented_palette(tmp_path: Path) -> None:
    """Each palette is one discrete segment (opcode 0) of four 16 bit entries."""
    dataset = dicom(bits=8)
    dataset.PhotometricInterpretation = "PALETTE COLOR"
    tables = {"Red": [0, 10, 20, 30], "Green": [40, 50, 60, 70], "Blue": [80, 90, 100, 110]}
    for color, entries in tables.items():
        setattr(dataset, f"{color}PaletteColorLookupTableDescriptor", [4, 0, 16])
        segment = np.array([0, 4, *(257 * entry for entry in entries)], dtype="<u2")
        setattr(dataset, f"Segmented{color}PaletteColorLookupTableData", segment.tobytes())
    indices = np.arange(16, dtype=np.uint8).reshape(4, 4) % 4
    dataset.PixelData = indices.tobytes()
    dataset["PixelData"].VR = "OB"
    copy = copied(dataset, tmp_path)
    np.testing.assert_array_equal(read_dicom(copy)[0], read_dicom(tmp_path / "REAL.dcm")[0])
    assert all(f"Segmented{color}PaletteColorLookupTableData" in pydicom.dcmread(copy) for color in tables)


def test_extended_offset_table(tmp_path: Path) -> None:
    dataset = dicom()
    values = np.arange(16, dtype="<u2").reshape(4, 4)
    dataset.PixelData = values.tobytes()
    dataset.compress(RLELossless)
    frame = next(pydicom.encaps.generate_frames(dataset.PixelData, number_of_frames=1))
    dataset.PixelData, dataset.ExtendedOffsetTable, dataset.ExtendedOffsetTableLengths = encapsulate_extended([frame])
    copy = copied(dataset, tmp_path)
    np.testing.assert_array_equal(read_dicom(copy)[0].squeeze(), values)
    assert pydicom.dcmread(copy).ExtendedOffsetTableLengths == dataset.ExtendedOffsetTableLengths


def test_enhanced_object(tmp_path: Path) -> None:
    """Slope, spacing and place of each frame are kept; dates, comments and private elements of the groups are not."""
    dataset = dicom()
    dataset.NumberOfFrames = 2
    dataset.PixelData = np.arange(32, dtype="<u2").tobytes()
    frames = []
    for number in range(2):
        values, place, content, frame = (pydicom.Dataset() for _ in range(4))
        values.RescaleSlope, values.RescaleIntercept, values.RescaleType = "2", str(10 * number), "REAL"
        place.ImagePositionPatient = [0, 0, -number]  # the second frame lies below the first
        content.FrameAcquisitionDateTime, content.FrameComments = "20200102", "REAL"
        frame.PixelValueTransformationSequence, frame.PlanePositionSequence = [values], [place]
        frame.FrameContentSequence = [content]
        frame.add_new(0x00091001, "LO", "REAL")
        frames.append(frame)
    orientation, shared = pydicom.Dataset(), pydicom.Dataset()
    orientation.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    shared.PlaneOrientationSequence = [orientation]
    dataset.SharedFunctionalGroupsSequence, dataset.PerFrameFunctionalGroupsSequence = [shared], frames
    copy = copied(dataset, tmp_path)
    assert b"20200102" not in copy.read_bytes()
    pixels, header = read_dicom(copy)
    assert header.frame_rescale == ((2.0, 10.0), (2.0, 0.0))  # in the order of space
    np.testing.assert_array_equal(pixels, read_dicom(tmp_path / "REAL.dcm")[0])


def test_lookup_tables_without_words(tmp_path: Path) -> None:
    dataset = dicom()
    dataset.PixelData = np.arange(16, dtype="<u2").tobytes()
    item = pydicom.Dataset()
    item.LUTDescriptor, item.ModalityLUTType, item.LUTExplanation = [16, 0, 16], "US", "of REAL"
    item.LUTData = np.arange(100, 116, dtype="<u2").tobytes()
    item.add_new(0x00091001, "LO", "REAL")
    dataset.ModalityLUTSequence = [item]
    after = pydicom.dcmread(copied(dataset, tmp_path))
    np.testing.assert_array_equal(pydicom.pixels.apply_modality_lut(after.pixel_array, after).ravel(), range(100, 116))


def test_files_are_copied_once_under_opaque_names(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    dataset = dicom()
    dataset.PixelData = bytes(32)
    dataset.save_as(tmp_path / "REAL.dcm", enforce_file_format=True)
    for name in ("REAL.png", "REAL_mask.png", "other.png"):
        Image.new("L", (4, 4)).save(tmp_path / name)
    records = [
        Record(tmp_path / "REAL.dcm", "REAL.dcm"),
        Record(tmp_path / "REAL.png", "REAL.png", mask=tmp_path / "REAL_mask.png"),
        Record(tmp_path / "other.png", "other.png"),
    ]
    output = tmp_path / "out"
    copies = copied_records(records, ["g1", "g1", "g2"], output, b"s" * 32)
    used = [copies[0].image, copies[1].image, copies[1].mask]
    patients = {str(path): "g1" for path in used}
    copy_files(records, copies, patients, workers=1)
    assert sorted(path for path in output.rglob("*") if path.is_file()) == sorted(used)  # the third is in no list
    assert [path.parent.name for path in used] == ["images", "images", "masks"]
    assert not any("REAL" in path.name for path in used)
    assert pydicom.dcmread(used[0]).PatientID == "g1"
    assert "Metadata inside PNG, JPEG, TIFF and NIfTI files is copied as it is" in caplog.text

    before = [path.stat().st_mtime_ns for path in used]
    copy_files(records, copies, patients, workers=1)
    assert before == [path.stat().st_mtime_ns for path in used]


def test_files_in_the_output_stay(tmp_path: Path) -> None:
    """Only those that a reader wrote there: other files of the output are copied, wherever it lies."""
    (tmp_path / "images").mkdir()
    written, other, outside = (
        tmp_path / name for name in ("images/0123456789abcdef.png", "images/REAL.png", "REAL.png")
    )
    for path in (written, other, outside):
        path.touch()
    records = [Record(path, path.name) for path in (written, other, outside)]
    copies = copied_records(records, ["g1"] * 3, tmp_path, b"s" * 32)
    assert copies[0].image == written
    assert all(copy.image.parent == tmp_path / "images" and "REAL" not in copy.name for copy in copies)


def test_what_has_changed_is_copied_anew(tmp_path: Path) -> None:
    """The name of a copy is of its file, as it is now, and of its patient."""
    file = tmp_path / "a.png"
    names = []
    for content, patient in ((b"1", "g1"), (b"22", "g1"), (b"22", "g2")):
        file.write_bytes(content)
        os.utime(file, (1, 1))
        names.append(copied_records([Record(file, "a.png")], [patient], tmp_path / "out", b"s" * 32)[0].name)
    (tmp_path / "other").mkdir()
    file.rename(tmp_path / "other/a.png")
    names.append(
        copied_records([Record(tmp_path / "other/a.png", "a.png")], ["g2"], tmp_path / "out", b"s" * 32)[0].name
    )
    assert len(set(names)) == 4


def test_a_file_that_cannot_be_copied_is_one_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object) -> None:
        raise ValueError("of REAL")

    monkeypatch.setattr(copying, "copy_image", fail)
    with pytest.raises(InputError, match=r"a\.dcm: this image cannot be copied to images \(ValueError\)") as error:
        copying._copy((Path("a.dcm"), Path("images/1.dcm"), "g1"))
    assert "REAL" not in str(error.value)
