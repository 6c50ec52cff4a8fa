"""``python -m data_prep check`` on data lists that the tests write."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

from data_prep.__main__ import main

Content = dict[str, Any]
Check = Callable[..., tuple[int, str]]
LISTS = ("labeled", "unlabeled", "validation", "test")


def write_png(path: Path, value: int, size: int = 6) -> None:
    pixels = np.full((size, size), 100, dtype=np.uint8)
    pixels[0, 0] = value
    Image.fromarray(pixels).save(path)


def write_mask(path: Path, *values: int, size: int = 6) -> None:
    pixels = np.zeros((size, size), dtype=np.uint8)
    pixels[1, : len(values)] = values
    Image.fromarray(pixels).save(path)


def write_dicom(path: Path, patient: str) -> None:
    dataset = pydicom.Dataset()
    dataset.PatientName, dataset.PatientID, dataset.Modality = f"Name^{patient}", patient, "CR"
    dataset.SOPClassUID, dataset.SOPInstanceUID = SecondaryCaptureImageStorage, generate_uid()
    dataset.Rows = dataset.Columns = 4
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit, dataset.PixelRepresentation = 15, 0
    dataset.PixelData = np.random.default_rng(len(path.name)).integers(0, 99, 16, dtype="<u2").tobytes()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.save_as(path, enforce_file_format=True)


@pytest.fixture
def content(tmp_path: Path) -> Content:
    """Six images of a patient each, two of them labeled, with two classes."""
    for index in range(6):
        write_png(tmp_path / f"{index}.png", index)
        write_mask(tmp_path / f"m{index}.png", 1, 2)
    entries = [{"image": f"{index}.png", "patient": f"SECRET{index}"} for index in range(6)]
    labels = [[1, 0], [0, 1], None, [1, 0], [0, 1], [1, 1]]
    labeled = [e if label is None else e | {"label": label} for e, label in zip(entries, labels, strict=True)]
    return {
        "name": "tiny",
        "task": "multilabel",
        "labels": ["edema", "mass"],
        "modality": "DX",
        "channels": 1,
        "spatial_dims": 2,
        "labeled": labeled[:2],
        "unlabeled": labeled[2:3],
        "validation": labeled[3:5],
        "test": labeled[5:],
        "provenance": {"options": {"budget": 0.5, "seed": 3, "unit": "image"}},
    }


@pytest.fixture
def check(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Check:
    """Write a data list, check it, and give the exit code and all that was printed."""

    def _check(content: Content, *more: str, picture: str = "none") -> tuple[int, str]:
        (tmp_path / "datalist.json").write_text(json.dumps(content))
        code = main(["check", str(tmp_path), "--workers=1", f"--picture={picture}", *more])
        printed = capfd.readouterr()
        assert "SECRET" not in printed.out + printed.err
        return code, printed.out

    return _check


def segmentation(content: Content) -> Content:
    for key in ("labeled", "validation", "test"):
        for entry in content[key]:
            entry["label"] = "m" + entry["image"]
    return content | {"task": "segmentation", "masks": {"edema": [1, 2], "mass": [2]}}


def joint(content: Content) -> Content:
    for key in ("labeled", "validation", "test"):
        for index, entry in enumerate(content[key]):
            entry["label"] = index
            entry["mask"] = "m" + entry["image"]
    content["test"][0]["label"] = -1
    del content["labeled"][0]["mask"]
    return content | {"task": "joint", "masks": {"lung": [1], "heart": [2]}}


def cells(printed: str, name: str) -> list[str]:
    """The cells of the table's row that begins with a name."""
    row = next(line for line in printed.splitlines() if line.startswith(name + " "))
    return row[len(name) :].split()


def test_multilabel(check: Check, content: Content) -> None:
    code, printed = check(content)
    assert code == 0
    assert "PROBLEM" not in printed
    assert "notes:" not in printed
    assert "tiny: multilabel, classes: 2; DX, 2D, channels: 1" in printed
    assert cells(printed, "images") == ["2", "1", "2", "1"]
    assert cells(printed, "groups (patients)") == ["2", "1", "2", "1"]
    assert cells(printed, "edema") == ["1", "-", "1", "1"]
    assert cells(printed, "mass") == ["1", "-", "1", "1"]
    assert "made with: budget 0.5, unit image, seed 3" in printed


def test_multiclass(check: Check, content: Content) -> None:
    for key in ("labeled", "validation", "test"):
        for entry in content[key]:
            entry["label"] = 1
    content["test"][0]["label"] = -1
    code, printed = check(content | {"task": "multiclass"})
    assert code == 0
    assert cells(printed, "mass") == ["2", "-", "2", "0"]
    assert "no image of labeled is positive for edema." in printed
    assert "no image of test is positive for edema, mass." in printed


def test_segmentation(check: Check, content: Content, tmp_path: Path) -> None:
    write_mask(tmp_path / "m0.png", 1)
    write_mask(tmp_path / "m5.png")
    code, printed = check(segmentation(content))
    assert code == 0
    assert cells(printed, "edema") == ["2", "-", "2", "0"]  # 1 and 2 make up this region
    assert cells(printed, "mass") == ["1", "-", "2", "0"]


def test_joint(check: Check, content: Content) -> None:
    code, printed = check(joint(content))
    assert code == 0
    assert cells(printed, "edema") == ["1", "-", "1", "0"]
    assert cells(printed, "lung (mask)") == ["1", "-", "2", "1"]


def test_volumes_of_several_files(check: Check, content: Content, tmp_path: Path) -> None:
    def write(name: str, values: np.ndarray) -> str:
        nibabel.save(nibabel.Nifti1Image(values, np.diag([1.0, 1.0, 3.0, 1.0])), tmp_path / name)
        return name

    random = np.random.default_rng(0)
    content = segmentation(content) | {"spatial_dims": 3, "channels": 4, "modality": "MR"}
    for key in LISTS:
        for index, entry in enumerate(content[key]):
            volumes = random.normal(size=(4, 5, 6, 7)).astype(np.float32)
            entry["image"] = [write(f"{key}{index}_{c}.nii.gz", volumes[c]) for c in range(4)]
            if "label" in entry:
                entry["label"] = write(f"{key}{index}_m.nii.gz", random.integers(0, 3, (5, 6, 7)).astype(np.uint8))
    code, printed = check(content, picture=str(tmp_path / "p.png"))
    assert code == 0
    assert "MR, 3D, channels: 4" in printed
    assert Image.open(tmp_path / "p.png").convert("RGB").getcolors(1 << 24)
    content["labeled"][0]["image"].pop()
    code, printed = check(content)
    assert code == 1
    assert "labeled[0] has a number of channels (3) that the data list does not say (4)" in printed


def grey_dicoms(content: Content, folder: Path) -> None:
    write_dicom(folder / "a.dcm", "SECRETX")
    (folder / "b.dcm").write_bytes((folder / "a.dcm").read_bytes()[:-7])
    content["labeled"][0]["image"], content["labeled"][1]["image"] = "a.dcm", "b.dcm"


def cut_short(content: Content, folder: Path) -> None:
    (folder / "0.png").write_bytes((folder / "0.png").read_bytes()[:50])


def volume(content: Content, folder: Path) -> None:
    values = np.arange(60, dtype=np.float32).reshape(3, 4, 5)
    nibabel.save(nibabel.Nifti1Image(values, np.eye(4)), folder / "v.nii")
    content["test"][0]["image"] = "v.nii"


def copied(content: Content, folder: Path) -> None:
    Image.open(folder / "1.png").save(folder / "5.bmp")  # another file with the same pixels
    content["test"][0]["image"] = "5.bmp"


@pytest.mark.parametrize(
    ("change", "kind", "sentence"),
    [
        (lambda c, _: c.pop("modality"), "head of the data list", "modality is missing"),
        (lambda c, _: c.update(spatial_dims=4), "head of the data list", "spatial_dims is 4"),
        (lambda c, _: c.update(masks=None), "head of the data list", "masks does not name the values of regions"),
        (lambda c, _: c["test"][0].update(image="\ud800/1.png"), "paths", "test[0] has a path or a patient that is no"),
        (lambda c, _: c["test"][0].pop("image"), "entries", "test[0] is not an entry"),
        (lambda c, _: c["test"][0].update(label=[1, 2]), "labels", "test[0] has the label [1, 2]"),
        (lambda c, _: c["unlabeled"][0].update(label=[1, 0]), "labels", "unlabeled[0] has a label"),
        (lambda c, _: c["unlabeled"][0].update(image="4.png"), "an image twice", "unlabeled[0] and validation[1] are"),
        (
            lambda c, _: c["test"][0].update(patient="SECRET2"),
            "a patient in two splits",
            "unlabeled[0] and test[0] are of the same patient",
        ),
        (lambda c, folder: (folder / "3.png").unlink(), "missing files", "validation[0] names 3.png, which is not"),
        (cut_short, "unusable files", "labeled[0] has 0.png: this picture cannot be read"),
        (grey_dicoms, "unusable files", "labeled[1] has b.dcm: "),
        (volume, "dimensions", "test[0] is 3D, where the data list says 2D"),
        (copied, "duplicates across splits", "labeled[1] and test[0] have the same pixels"),
    ],
)
def test_each_problem(
    check: Check, content: Content, tmp_path: Path, change: Callable[[Content, Path], None], kind: str, sentence: str
) -> None:
    change(content, tmp_path)
    code, printed = check(content)
    assert code == 1
    assert [line for line in printed.splitlines() if line.startswith("PROBLEM")] == [f"PROBLEM: {kind} (1)"]
    assert f"  {sentence}" in printed


@pytest.mark.parametrize(
    ("values", "size", "sentence"),
    [
        ((1, 7), 6, "test[0] has m5.png: the mask has values of no region (7)"),
        ((1,), 8, "test[0] has m5.png: the mask has shape (8, 8), the image (6, 6)"),
    ],
)
def test_bad_mask(
    check: Check, content: Content, tmp_path: Path, values: tuple[int, ...], size: int, sentence: str
) -> None:
    write_mask(tmp_path / "m5.png", *values, size=size)
    code, printed = check(segmentation(content))
    assert code == 1
    assert "PROBLEM: unusable files (1)" in printed
    assert sentence in printed


def test_all_problems_are_told(check: Check, content: Content, tmp_path: Path) -> None:
    """With the head wrong too, and with more of one kind than are listed."""
    for index in range(10, 17):
        content["test"].append({"image": f"{index}.png", "patient": f"SECRET{index}", "label": [0, 0]})
    content["test"][0]["patient"] = "SECRET0"
    copied(content, tmp_path)
    code, printed = check(content | {"modality": ""})
    assert code == 1
    assert "PROBLEM: head of the data list (1)\n  modality is not a text." in printed
    assert "PROBLEM: a patient in two splits (1)" in printed
    assert "PROBLEM: missing files (7)" in printed
    assert printed.count("which is not there") == 5
    assert "... and 2 more" in printed
    assert "PROBLEM: duplicates across splits (1)" in printed
    assert "mend the head of the data list first" in printed


def test_copies_within_a_split_are_notes(check: Check, content: Content, tmp_path: Path) -> None:
    write_png(tmp_path / "2.png", 0)  # as the first labeled one
    write_png(tmp_path / "4.png", 3)  # as the other one of validation
    code, printed = check(content)
    assert code == 0
    assert "1 image of unlabeled with the same pixels as labeled ones (unlabeled[0] as labeled[0])" in printed
    assert (
        "1 image of validation with the same pixels as others of this list (validation[1] as validation[0])" in printed
    )


def test_blank_images_are_no_copies(check: Check, content: Content, tmp_path: Path) -> None:
    for index in (0, 5):
        write_png(tmp_path / f"{index}.png", 100)
    assert check(content)[0] == 0


def test_headers_that_tell_of_one_patient(check: Check, content: Content, tmp_path: Path) -> None:
    for key, name in (("labeled", "a.dcm"), ("test", "bb.dcm")):
        write_dicom(tmp_path / name, "SECRETX")
        content[key][0]["image"] = name
    code, printed = check(content)
    assert code == 0
    assert "1 image with the PatientID, in the DICOM header, of another patient's image in another split" in printed
    assert "(test[0] as labeled[0])" in printed


def test_picture(check: Check, content: Content, tmp_path: Path) -> None:
    code, printed = check(joint(content), picture=str(tmp_path / "sub/p.png"))
    assert code == 0
    assert str(tmp_path / "sub/p.png") in printed
    assert [path.name for path in (tmp_path / "sub").iterdir()] == ["p.png"]
    assert len(Image.open(tmp_path / "sub/p.png").convert("RGB").getcolors(1 << 24)) > 10
    assert main(["check", str(tmp_path), "--workers=1"]) == 0
    assert (tmp_path / "datalist.png").is_file()


def test_bad_options(tmp_path: Path, content: Content, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "datalist.json").write_text(json.dumps(content))
    assert main(["check", str(tmp_path), "--picture=p.doc"]) == 2
    assert "p.doc: pictures of this kind" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        main(["check", str(tmp_path), "--workers=0"])


@pytest.mark.parametrize("text", [None, "{", "[]"])
def test_nothing_to_check(tmp_path: Path, text: str | None, capsys: pytest.CaptureFixture[str]) -> None:
    if text is not None:
        (tmp_path / "datalist.json").write_text(text)
    assert main(["check", str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith(f"error: {tmp_path}")


def test_real_volumes(check: Check, content: Content, real_images: Path, tmp_path: Path) -> None:
    images = sorted((real_images / "hippocampus/imagesTr").glob("hippocampus_*.nii.gz"))[:6]
    assert len(images) == 6
    for entry, image in zip([entry for key in LISTS for entry in content[key]], images, strict=True):
        entry["image"] = str(image)
        if "label" in entry:
            entry["label"] = str(real_images / "hippocampus/labelsTr" / image.name)
    content |= {"task": "segmentation", "masks": {"edema": [1], "mass": [2]}, "spatial_dims": 3, "modality": "MR"}
    code, printed = check(content, picture=str(tmp_path / "p.png"))
    assert code == 0
    assert cells(printed, "edema") == ["2", "-", "2", "1"]
    assert (tmp_path / "p.png").is_file()


def test_labels_of_another_length_are_not_counted(check: Check, content: Content, tmp_path: Path) -> None:
    content["validation"][0]["label"] = [1]
    code, printed = check(content, picture=str(tmp_path / "p.png"))
    assert code == 1
    assert "PROBLEM: labels (1)\n  validation[0] has the label [1]" in printed
    assert cells(printed, "edema") == ["1", "-", "0", "1"]


def test_files_of_a_study_are_one_channel_each(check: Check, content: Content) -> None:
    """A grey picture becomes colour, but one file never three modalities."""
    content["channels"] = 3
    assert check(content)[0] == 0
    content["test"][0]["image"] = ["5.png"]
    code, printed = check(content)
    assert code == 1
    assert "PROBLEM: channels (1)\n  test[0] has" in printed
