"""Looking at images and masks: what is found, what is refused, and what is not done twice."""

import logging
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from PIL import Image
from pydicom import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from data_prep.inspection.images import Inspected, inspect
from data_prep.records import Record
from monai_ssl.salt import opaque

SALT = b"0123456789abcdef0123456789abcdef"
PATIENT = "SMITH-4711"
REGIONS = {"whole": [1, 2], "core": [2]}
RAMP = np.arange(48, dtype=np.uint8).reshape(6, 8)


@pytest.fixture
def journal(tmp_path) -> Path:
    return tmp_path / "output" / "journal.jsonl"


def look(journal: Path, *records: Record, masks: dict[str, list[int]] | None = None) -> list[Inspected]:
    return list(inspect(records, REGIONS if masks is None else masks, salt=SALT, journal=journal, workers=2))


def record(image: Path | Sequence[Path], mask: Path | None = None) -> Record:
    return Record(image if isinstance(image, Path) else tuple(image), "name", mask=mask, patient=PATIENT)


def write_png(path: Path, pixels: np.ndarray) -> Path:
    Image.fromarray(pixels).save(path)
    return path


def write_nifti(path: Path, values: np.ndarray, shift: float = 0.0) -> Path:
    affine = np.diag([-1.0, 1, 1, 1])
    affine[2, 3] = shift
    nib.save(nib.Nifti1Image(values, affine), path)
    return path


def write_dicom(path: Path, pixels: np.ndarray, patient: str = PATIENT, **tags: Any) -> Path:
    dataset = Dataset()
    dataset.PatientID, dataset.PatientName, dataset.Modality = patient, f"Name^{PATIENT}", "CT"
    dataset.SOPClassUID, dataset.SOPInstanceUID = CTImageStorage, "1.2.3"
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit, dataset.PixelRepresentation = 7, 0
    dataset.PixelData = pixels.tobytes()
    for keyword, value in tags.items():
        setattr(dataset, keyword, value)
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.save_as(path, enforce_file_format=True)
    return path


def test_pictures(tmp_path, journal):
    grey = write_png(tmp_path / "grey.png", RAMP)
    marked = np.repeat(np.tile(RAMP, (20, 20))[..., None], 3, axis=2)
    marked[:3, :3, 0] = 255
    color = np.stack([RAMP, RAMP + 30, RAMP], axis=2)
    found = look(
        journal,
        record(grey),
        record(write_png(tmp_path / "marked.png", marked)),
        record(write_png(tmp_path / "color.png", color)),
    )
    kinds = [(one.spatial_dims, one.channels, one.color) for one in found]
    assert kinds == [(2, 1, False), (2, 3, False), (2, 3, True)]
    assert {(one.modality, one.patient, one.named, one.windowed, one.mask_values, one.error) for one in found} == {
        (None, None, False, True, None, "")
    }


def test_dicom(tmp_path, journal):
    window = {"WindowCenter": "40", "WindowWidth": ["80", "200"]}
    named = tmp_path / f"{PATIENT}.dcm"
    found = look(
        journal,
        record(write_dicom(named, RAMP, f" {PATIENT} ", **window)),
        record(write_dicom(tmp_path / "1.dcm", RAMP + 1)),
        record(write_dicom(tmp_path / "2.dcm", RAMP + 2, "2", WindowWidth=None)),
        record(write_dicom(tmp_path / "3.dcm", RAMP + 3, "", Modality="MR")),
    )
    smith = opaque(SALT, "header", PATIENT)
    assert [one.error for one in found] == [""] * 4
    assert [(one.modality, one.patient, one.named, one.windowed) for one in found] == [
        ("CT", smith, True, True),
        ("CT", smith, False, False),
        ("CT", opaque(SALT, "header", "2"), False, False),  # though its name contains a 2
        ("MR", None, False, True),
    ]


def test_equal_images_have_equal_content(tmp_path, journal):
    found = look(
        journal,
        record(write_png(tmp_path / "a.png", RAMP)),
        record(write_png(tmp_path / "b.bmp", RAMP)),
        record(write_dicom(tmp_path / "c.dcm", RAMP)),
        record(write_png(tmp_path / "other.png", RAMP + 1)),
        record(write_png(tmp_path / "shape.png", RAMP.reshape(8, 6))),
        record(write_png(tmp_path / "blank.png", np.zeros_like(RAMP))),
    )
    contents = [one.content for one in found]
    assert contents[0] == contents[1] == contents[2]
    assert len(set(contents)) == 4
    assert contents[-1] == ""  # blank images are not the image of anybody


def test_masks(tmp_path, journal):
    volume = np.random.default_rng(0).normal(size=(3, 4, 5)).astype(np.float32)
    labels = np.zeros((3, 4, 5), dtype=np.uint8)
    labels[0, 0, :2] = 1, 2
    paths = [write_nifti(tmp_path / f"{channel}.nii.gz", volume + channel) for channel in range(4)]
    found = look(
        journal,
        record(paths, write_nifti(tmp_path / "mask.nii.gz", labels)),
        record(paths[:2], write_nifti(tmp_path / "empty.nii.gz", labels * 0)),
        record(paths[2:]),
        record(write_png(tmp_path / "image.png", RAMP), write_png(tmp_path / "mask.png", RAMP % 2)),
    )
    assert [one.error for one in found] == [""] * 4
    assert [(one.spatial_dims, one.channels, one.mask_values) for one in found] == [
        (3, 4, (0, 1, 2)),
        (3, 2, (0,)),
        (3, 2, None),
        (2, 1, (0, 1)),
    ]


def test_what_cannot_be_used(tmp_path, journal):
    image, mask = write_png(tmp_path / "image.png", RAMP), tmp_path / "mask.png"
    volume = np.random.default_rng(0).normal(size=(3, 4, 5)).astype(np.float32)
    nifti, shifted = write_nifti(tmp_path / "image.nii", volume), write_nifti(tmp_path / "shifted.nii", volume, 0.25)
    labels = write_nifti(tmp_path / "labels.nii", np.ones((3, 4, 5), dtype=np.uint8), 0.06)
    flat = write_nifti(tmp_path / "flat.nii", np.ones((6, 8, 1), dtype=np.uint8))
    volume[0, 0, 0] = np.nan
    broken = tmp_path / "broken.png"
    broken.write_bytes(image.read_bytes()[:50])
    cases = [
        (record(tmp_path / "none.png"), tmp_path / "none.png", "there is no such file. Check"),
        (record(broken), broken, "this picture cannot be read"),
        (record(write_nifti(tmp_path / "nan.nii", volume)), tmp_path / "nan.nii", "the image holds NaN"),
        (record(image, mask), mask, "mask: there is no such file. Check"),
        (
            record(image, write_png(tmp_path / "small.png", RAMP[:3])),
            tmp_path / "small.png",
            "the mask has shape (3, 8), the image (6, 8). Resample",
        ),
        (
            record(image, write_png(tmp_path / "odd.png", RAMP % 4 * 2)),
            tmp_path / "odd.png",
            "the mask has values of no region (4, 6). Name",
        ),
        (
            record(image, write_png(tmp_path / "many.png", RAMP)),
            tmp_path / "many.png",
            "the mask has values of no region (3, 4, 5, 6, 7, ...). Name",
        ),
        (record(image, flat), image, f"this file is no NIfTI, but {flat} is, whose axes run differently. Save"),
        (record([nifti, shifted]), shifted, f"the affine differs from that of {nifti} by up to 0.25 mm. Resample"),
        (record(nifti, labels), labels, f"the affine differs from that of {nifti} by up to 0.06 mm. Resample"),
    ]
    found = look(journal, *(case[0] for case in cases))
    for one, (_, path, words) in zip(found, cases, strict=True):
        assert one.error.startswith(f"{path}: ")
        assert words in one.error
        assert one == Inspected(error=one.error)


def test_grids_may_differ_by_rounding_and_by_the_order_of_axes(tmp_path, journal):
    volume = np.random.default_rng(0).normal(size=(3, 4, 5)).astype(np.float32)
    labels = np.zeros((3, 4, 5), dtype=np.uint8)
    labels[2, 0, 0] = 1
    image = write_nifti(tmp_path / "image.nii", volume)
    near = write_nifti(tmp_path / "near.nii", labels, 0.04)
    # The same places as the image's, whose first axis goes to the left: stored from left to right, from x = -2.
    flipped = np.eye(4)
    flipped[0, 3] = -2
    nib.save(nib.Nifti1Image(labels[::-1], flipped), tmp_path / "flipped.nii")
    found = look(journal, record(image, near), record(image, tmp_path / "flipped.nii"))
    assert [one.error for one in found] == ["", ""]


def corrupt(path: Path) -> None:
    """Make a file unreadable in a way that its size and time do not tell."""
    status = path.stat()
    path.write_bytes(bytes(status.st_size))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def test_second_run_decodes_nothing(tmp_path, journal):
    records = [
        record(write_png(tmp_path / f"{index}.png", RAMP + index), write_png(tmp_path / f"{index}_mask.png", RAMP % 3))
        for index in range(5)
    ]
    first = look(journal, *records)
    assert [one.mask_values for one in first] == [(0, 1, 2)] * 5
    for index in range(5):
        corrupt(tmp_path / f"{index}.png")
        corrupt(tmp_path / f"{index}_mask.png")
    assert look(journal, *reversed(records)) == first[::-1]


def test_killed_run_goes_on(tmp_path, journal):
    records = [record(write_png(tmp_path / f"{index}.png", RAMP + index)) for index in range(6)]
    whole = look(tmp_path / "other.jsonl", *records)
    started = inspect(records, {}, salt=SALT, journal=journal, workers=1)
    assert [next(started) for _ in range(3)] == whole[:3]
    started.close()
    content = journal.read_bytes()
    assert content.count(b"\n") == 3
    journal.write_bytes(content[:-20])
    for index in range(2):
        corrupt(tmp_path / f"{index}.png")
    assert look(journal, *records) == whole
    for index in range(6):
        corrupt(tmp_path / f"{index}.png")
    assert look(journal, *records) == whole


@pytest.mark.parametrize("changed", ["image", "mask", "regions", "salt"])
def test_what_has_changed_is_looked_at_again(tmp_path, journal, changed):
    image, mask = write_png(tmp_path / "image.png", RAMP), write_png(tmp_path / "mask.png", RAMP % 3)
    one = record(image, mask)
    before = look(journal, one)
    if changed == "image":
        write_png(image, RAMP + 7)
        assert look(journal, one)[0].content != before[0].content
    elif changed == "mask":
        write_png(mask, RAMP % 2)
        assert look(journal, one)[0].mask_values == (0, 1)
    elif changed == "regions":
        assert "(2)" in look(journal, one, masks={"core": [1]})[0].error
    else:
        corrupt(image)
        assert next(inspect([one], REGIONS, salt=SALT[::-1], journal=journal, workers=1)).error


def test_mended_file_is_looked_at_again(tmp_path, journal):
    one = record(tmp_path / "image.png")
    assert look(journal, one)[0].error
    write_png(tmp_path / "image.png", RAMP)
    assert not look(journal, one)[0].error


def test_errors_are_not_remembered(tmp_path, journal):
    """Their remedy may be to install a decoder, or to mend rights."""
    good, path = write_png(tmp_path / "good.png", RAMP), tmp_path / "image.png"
    path.write_bytes(bytes(good.stat().st_size))
    os.utime(path, ns=(0, 0))
    assert look(journal, record(path))[0].error
    shutil.copyfile(good, path)
    os.utime(path, ns=(0, 0))
    assert not look(journal, record(path))[0].error


def test_journal_tells_nobody(tmp_path, journal, capfd, caplog):
    caplog.set_level(logging.DEBUG)
    folder = tmp_path / "private"
    folder.mkdir()
    good = write_dicom(folder / f"{PATIENT}.dcm", RAMP)
    bad = folder / "bad.dcm"
    bad.write_bytes(good.read_bytes()[:-10])
    found = look(journal, record(good), record(bad))
    assert not found[0].error
    assert PATIENT not in found[1].error
    written = journal.read_text()
    for text in (PATIENT, "private", "bad", ".dcm", str(tmp_path)):
        assert text not in written
    assert PATIENT not in "".join(capfd.readouterr()) + caplog.text


def test_no_images(journal):
    assert look(journal) == []


def test_real_images(journal, real_images):
    folder = real_images / "hippocampus"
    images = sorted((folder / "imagesTr").glob("[!.]*.nii.gz"))[:10]
    records = [record(path, folder / "labelsTr" / path.name) for path in images]
    slices = [record(path) for path in sorted((real_images / "rsna_ich").glob("*.dcm"))]
    found = look(journal, *records, *slices)
    volumes = {(one.spatial_dims, one.channels, one.mask_values, one.error) for one in found[:10]}
    assert volumes == {(3, 1, (0, 1, 2), "")}
    assert {(one.spatial_dims, one.modality, one.windowed, one.error) for one in found[10:]} == {(2, "CT", True, "")}
    assert len({one.content for one in found}) == len(found)
