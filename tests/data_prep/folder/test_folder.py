"""``python -m data_prep folder`` from end to end, on folders that the tests write."""

import csv
import itertools
import json
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.dataset import FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

from data_prep.__main__ import main
from monai_ssl.data import DataList

Run = Callable[..., DataList]
LISTS = ("labeled", "unlabeled", "validation", "test")


def write_csv(path: Path, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])


def write_png(path: Path, value: int = 0, mode: str = "L") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.full((4, 4), value % 256, dtype=np.uint8)
    pixels[0, 0] = 255 - value % 256
    Image.fromarray(pixels).convert(mode).save(path)


def write_dicom(path: Path, patient: str, modality: str = "CT", first: int = 500) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset = pydicom.Dataset()
    dataset.PatientName, dataset.PatientID, dataset.StudyDate = f"Name^{patient}", patient, "20200102"
    dataset.Modality, dataset.SOPClassUID, dataset.SOPInstanceUID = modality, CTImageStorage, generate_uid()
    dataset.Rows = dataset.Columns = 4
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit, dataset.PixelRepresentation = 15, 1
    dataset.RescaleSlope, dataset.RescaleIntercept = "2", "-1000"
    dataset.WindowCenter, dataset.WindowWidth = "40", "80"
    dataset.PixelData = np.arange(first, first + 16, dtype="<i2").tobytes()
    dataset.add_new(0x00091001, "LO", f"private {patient}")
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.save_as(path, enforce_file_format=True)


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """60 PNGs 000.png ... 059.png of 20 patients."""
    for index in range(60):
        write_png(tmp_path / f"images/{index:03d}.png", index)
    return tmp_path / "images"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """One_hot labels of two classes for the 60 images, by number."""
    path = tmp_path / "labels.csv"
    rows = [(index, f"REAL{index // 3:03d}", index % 2, int(index % 3 == 0)) for index in range(60)]
    write_csv(path, ("id", "Patient ID", "edema", "mass"), rows)
    return path


@pytest.fixture
def run(tmp_path: Path, images: Path, table: Path) -> Run:
    def _run(*more: str) -> DataList:
        assert main(["folder", f"--images={images}", f"--labels={table}", f"--output={tmp_path / 'out'}", *more]) == 0
        return DataList.load(tmp_path / "out")

    return _run


@pytest.fixture
def refuse(tmp_path: Path, images: Path, table: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run, expect exit code 2 and no data list, and give the message."""

    def _refuse(*more: str) -> str:
        assert main(["folder", f"--images={images}", f"--labels={table}", f"--output={tmp_path / 'out'}", *more]) == 2
        assert not (tmp_path / "out/datalist.json").exists()
        message = capsys.readouterr().err
        assert message.startswith("error: ")
        assert "REAL" not in message
        return message

    return _refuse


def names(datalist: DataList, *keys: str) -> set[str]:
    return {Path(entry["image"]).name for key in keys or LISTS for entry in getattr(datalist, key)}


def test_lists(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    datalist = run("--budget=0.2", "--modality=DX")
    assert (datalist.task, datalist.labels) == ("multilabel", ("edema", "mass"))
    assert (datalist.modality, datalist.channels, datalist.spatial_dims) == ("DX", 1, 2)
    assert len(datalist.labeled) + len(datalist.unlabeled) == 42  # 14 of 20 patients
    assert len(datalist.labeled) == 8  # 0.2 * 42, rounded
    assert len(datalist.test) == 12
    for key in ("labeled", "validation", "test"):
        for entry in getattr(datalist, key):
            index = int(Path(entry["image"]).stem)
            assert entry["label"] == [index % 2, int(index % 3 == 0)]
    assert datalist.summary() in capsys.readouterr().out
    assert datalist.provenance["counts"]["training_budget_got"] == 8


def test_patients_are_salted_hashes(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    datalist = run()
    by_name = {Path(e["image"]).name: e["patient"] for key in LISTS for e in getattr(datalist, key)}
    assert len(set(by_name.values())) == len({int(name[:3]) // 3 for name in by_name})
    assert all(re.fullmatch("g[0-9a-f]{16}", alias) for alias in by_name.values())
    assert all(by_name[name] == by_name.get(f"{int(name[:3]) // 3 * 3:03d}.png", by_name[name]) for name in by_name)
    written = "".join(file.read_text() for file in (tmp_path / "out").iterdir())
    assert "REAL" not in written + "".join(capsys.readouterr())
    salt = tmp_path / "out.salt"
    assert salt.read_text().strip() not in written
    assert salt.stat().st_mode & 0o077 == 0
    assert run("--overwrite") == datalist
    labels = [entry["label"] for entry in run("--copy", "--overwrite").labeled]
    salt.unlink()
    assert sorted(labels) == sorted(entry["label"] for entry in run("--copy", "--overwrite").labeled)
    other = run("--overwrite")
    for key in LISTS:
        assert names(other, key) == names(datalist, key)  # the draws do not depend on the salt
    assert not {e["patient"] for e in other.entries()} & {e["patient"] for e in datalist.entries()}


def test_split_does_not_follow_the_order_of_images(tmp_path: Path, images: Path, run: Run) -> None:
    """Each image its own patient: the draws of pseudonyms and of splits must not undo each other."""
    write_csv(tmp_path / "labels.csv", ("id", "edema"), [(index, int(index < 30)) for index in range(60)])
    numbers = sorted(int(name[:3]) for name in names(run(), "test"))
    assert len(numbers) == 12
    assert numbers[-1] - numbers[0] > 12


def test_same_arguments_same_bytes(run: Run, tmp_path: Path) -> None:
    run("--copy")
    before = {file: file.read_bytes() for file in (tmp_path / "out").rglob("[!.]*") if file.is_file()}
    run("--copy")
    assert before == {file: file.read_bytes() for file in (tmp_path / "out").rglob("[!.]*") if file.is_file()}


@pytest.mark.parametrize("unit", ["image", "patient"])
def test_budgets_are_nested_and_the_test_set_is_fixed(run: Run, unit: str) -> None:
    lists = [run(f"--budget={budget}", f"--unit={unit}", "--overwrite") for budget in (0.05, 0.2, 0.5, 1.0)]
    for smaller, larger in itertools.pairwise(lists):
        assert names(smaller, "labeled") <= names(larger, "labeled")
        assert names(smaller, "validation") <= names(larger, "validation")
        assert smaller.test == larger.test
        assert names(smaller, "labeled", "unlabeled") == names(larger, "labeled", "unlabeled")
    assert lists[-1].unlabeled == []
    assert len(lists[-1].validation) == 6
    for datalist in lists:
        for index in range(2):
            assert {entry["label"][index] for entry in datalist.validation} == {0, 1}
            assert any(entry["label"][index] for entry in datalist.labeled)


def test_validation_budget(run: Run) -> None:
    assert len(run("--budget=0.05", "--validation_budget=1.0").validation) == 6


def test_other_list_is_not_overwritten(run: Run, tmp_path: Path, images: Path, table: Path) -> None:
    before = run()
    arguments = ["folder", f"--images={images}", f"--labels={table}", f"--output={tmp_path / 'out'}", "--seed=1"]
    assert main([*arguments, "--copy"]) == 2
    assert DataList.load(tmp_path / "out") == before
    assert not (tmp_path / "out/images").exists()
    assert main([*arguments, "--overwrite"]) == 0
    assert DataList.load(tmp_path / "out") != before


def test_order_of_the_lists_does_not_tell_that_of_the_originals(run: Run) -> None:
    copied = run("--copy")
    for key in LISTS:
        listed = [entry["image"] for entry in getattr(copied, key)]
        assert listed == sorted(listed)
        assert all(re.fullmatch("[0-9a-f]{16}", Path(image).stem) for image in listed)  # sorted by opaque names


def test_own_split(tmp_path: Path, run: Run, refuse: Callable[..., str]) -> None:
    def split(index: int) -> str:
        return "Train" if index < 40 else "valid" if index < 50 else "TEST"

    rows = [(f"{index:03d}", index % 2, split(index)) for index in range(60)]
    write_csv(tmp_path / "labels.csv", ("file", "label", "fold"), rows)
    datalist = run("--split_column=fold", "--budget=1.0")
    assert names(datalist, "labeled") == {f"{index:03d}.png" for index in range(40)}
    assert names(datalist, "test") == {f"{index:03d}.png" for index in range(50, 60)}
    (tmp_path / "out/datalist.json").unlink()

    write_csv(tmp_path / "labels.csv", ("file", "label", "fold"), [*rows[:-1], ("059", 1, "other")])
    assert "labels.csv, line 61: fold is none of train" in refuse("--split_column=fold", "--strict")
    write_csv(
        tmp_path / "labels.csv", ("file", "label", "fold", "patient"), [(*row, f"REAL{row[0][:2]}") for row in rows]
    )
    assert run("--split_column=fold").test
    (tmp_path / "out/datalist.json").unlink()
    write_csv(tmp_path / "labels.csv", ("file", "label", "fold", "patient"), [(*row, "REAL") for row in rows])
    assert "50 of 60 files or rows were set aside, more than 10%" in refuse("--split_column=fold")
    one = [(*row, "REAL" if row[0] in ("000", "001", "055") else row[0]) for row in rows]
    write_csv(tmp_path / "labels.csv", ("file", "label", "fold", "patient"), one)
    datalist = run("--split_column=fold", "--budget=1.0", "--validation_budget=1.0")
    assert names(datalist) == {f"{index:03d}.png" for index in range(2, 60)}
    assert [(row["path"], "in the test split too" in row["reason"]) for row in rejected(tmp_path)] == [
        ("000.png", True),
        ("001.png", True),
    ]


def test_class_names(tmp_path: Path, run: Run) -> None:
    kinds = ("mel", "nv", "bkl")
    write_csv(tmp_path / "labels.csv", ("image_id", "dx", "age"), [(f"{i:03d}", kinds[i % 3], i) for i in range(60)])
    datalist = run()
    assert (datalist.task, datalist.labels) == ("multiclass", ("bkl", "mel", "nv"))
    for entry in datalist.labeled:
        assert datalist.labels[entry["label"]] == kinds[int(Path(entry["image"]).stem) % 3]


def test_missing_labels(tmp_path: Path, run: Run) -> None:
    """Images without any label are unlabeled training images, or are left out."""
    cells = {0: ("", "nan"), 1: ("-1.0", ""), 2: (1, "-1"), 3: (0, "1.0")}
    rows = [(index, *cells[index % 4]) for index in range(60)]
    write_csv(tmp_path / "labels.csv", ("id", "edema", "mass"), rows)
    datalist = run("--budget=1.0")
    assert names(datalist, "unlabeled") == {f"{index:03d}.png" for index in range(60) if index % 4 < 2}
    known = datalist.labeled + datalist.validation + datalist.test
    assert {tuple(entry["label"]) for entry in known} == {(1, -1), (0, 1)}


def test_unlabeled_rest(tmp_path: Path, images: Path, run: Run, refuse: Callable[..., str]) -> None:
    write_png(images / "deep/extra.png", 77)
    assert "deep/extra.png: there is no label for this image" in refuse("--strict")
    assert "extra.png" not in names(run())
    assert "--unlabeled_rest" in rejected(tmp_path)[0]["remedy"]
    assert "extra.png" in names(run("--unlabeled_rest", "--overwrite"), "unlabeled")
    assert not (tmp_path / "out/rejected.csv").exists()


def test_what_is_bad_is_set_aside(tmp_path: Path, images: Path, run: Run, refuse: Callable[..., str]) -> None:
    (images / "007.png").write_bytes(b"not a picture")
    write_png(images / "extra.png", 77)
    (images / "011.png").unlink()
    assert "labels.csv, line 13: there is no such image" in refuse("--strict")
    assert "3 of 61 files or rows were set aside, more than 4%" in refuse("--max_bad=0.04")
    assert len(rejected(tmp_path)) == 3
    datalist = run("--budget=1.0", "--validation_budget=1.0")
    assert names(datalist) == {f"{index:03d}.png" for index in range(60) if index not in (7, 11)}
    assert [row["path"] for row in rejected(tmp_path)] == ["labels.csv, line 13", "extra.png", "007.png"]
    assert all(row["reason"] and row["remedy"] for row in rejected(tmp_path))
    assert datalist.provenance["counts"]["rejected"] == 3
    (images / "extra.png").unlink()
    write_png(images / "011.png", 11)
    (tmp_path / "out/datalist.json").unlink()
    assert refuse("--strict").startswith("error: 007.png: this picture cannot be read")


def test_bad_rows_are_set_aside(tmp_path: Path, run: Run, refuse: Callable[..., str]) -> None:
    """Image 5 has an odd cell, 6 a short row, 7 rows that differ, 8 the same row twice, 9 the folder of another."""
    rows = [[f"{index:03d}.png", f"REAL{index // 3:03d}", str(index % 2)] for index in range(60)]
    rows[5][2] = "2?"
    rows[6] = rows[6][:2]
    rows[9][0] = "siteB/009.png"
    write_csv(tmp_path / "labels.csv", ("image", "patient", "label"), [*rows, [*rows[7][:2], "0"], rows[8]])
    datalist = run("--budget=1.0", "--validation_budget=1.0")
    assert datalist.labels == ("label",)
    assert names(datalist) == {f"{index:03d}.png" for index in range(60) if index not in (5, 6, 7, 9)}
    lines = [f"labels.csv, line {line}" for line in (7, 8, 9, 11, 62)]
    assert [row["path"] for row in rejected(tmp_path)] == [*lines, "009.png"]
    assert "REAL" not in (tmp_path / "out/rejected.csv").read_text()
    # Images with bad rows are not taken as unlabeled ones either.
    again = run("--unlabeled_rest", "--overwrite", "--budget=1.0", "--validation_budget=1.0")
    assert names(again) == names(datalist) | {"009.png"}
    (tmp_path / "out/datalist.json").unlink()
    assert "labels.csv, line 7: the label label is neither 0 nor 1" in refuse("--strict")


def test_duplicates_are_kept_together(tmp_path: Path, images: Path, run: Run, caplog: pytest.LogCaptureFixture) -> None:
    """Image 3 k + 1 of every patient is that of patient 0, so that all are one group: no split can be drawn."""
    write_csv(tmp_path / "labels.csv", ("id", "edema"), [(index, index % 2) for index in range(60)])
    for index in (1, 5, 9):
        write_png(images / f"{index:03d}.png", 33)
    datalist = run("--budget=1.0", "--validation_budget=1.0")
    alias = {Path(entry["image"]).name: entry["patient"] for entry in datalist.entries()}
    assert len({alias[f"{index:03d}.png"] for index in (1, 5, 9, 33)}) == 1
    assert len(set(alias.values())) == 57
    assert "3 groups have an image in common" in caplog.text


def test_several_budgets_and_seeds_share_the_test_images(run: Run, tmp_path: Path, images: Path, table: Path) -> None:
    arguments = ["folder", f"--images={images}", f"--labels={table}", f"--output={tmp_path / 'out'}", "--copy"]
    assert main([*arguments, "--budget=0.1,0.3,8", "--seed=0,1"]) == 0
    lists = {
        (budget, seed): DataList.load(tmp_path / f"out/budget_{budget}-seed_{seed}")
        for budget in ("0.1", "0.3", "8")
        for seed in (0, 1)
    }
    assert not (tmp_path / "out/datalist.json").exists()
    assert len({tuple(entry["image"] for entry in datalist.test) for datalist in lists.values()}) == 1
    assert names(lists["0.1", 0], "labeled") < names(lists["8", 0], "labeled") < names(lists["0.3", 0], "labeled")
    assert names(lists["0.3", 0], "labeled") != names(lists["0.3", 1], "labeled")
    text = (tmp_path / "out/budget_8-seed_1/datalist.json").read_text()
    assert '"image": "../images/' in text
    options = lists["8", 1].provenance["options"]
    assert (options["budget"], options["seed"], options["split_seed"]) == (8, 1, 0)


def test_balanced_sampling(tmp_path: Path, run: Run) -> None:
    """A third of the images is of the rare class: balanced labels hold as many of it as of the other."""
    write_csv(
        tmp_path / "labels.csv",
        ("id", "label"),
        [(index, "rare" if index % 3 == 0 else "common") for index in range(60)],
    )
    datalist = run("--label_format=class_name", "--budget=12", "--sampling=balanced")
    assert sorted(entry["label"] for entry in datalist.labeled) == [0] * 6 + [1] * 6
    assert "as many of each class" in datalist.provenance["protocol"]


@pytest.fixture
def masks(tmp_path: Path) -> Path:
    """Masks with the values 0, 1 and 2 for 50 of the 60 images, called in two ways."""
    (tmp_path / "masks").mkdir()
    for index in range(50):
        values = np.zeros((4, 4), dtype=np.uint8)
        values[1:3, 1:3] = 1
        values[2, 2] = 1 + index % 2
        Image.fromarray(values).save(tmp_path / f"masks/{index:03d}{'_mask' if index < 20 else ''}.png")
    return tmp_path / "masks"


def test_masks(tmp_path: Path, images: Path, masks: Path) -> None:
    arguments = ["folder", f"--images={images}", f"--masks={masks}", f"--output={tmp_path / 'out'}", "--budget=0.2"]
    assert main([*arguments, "--unlabeled_rest"]) == 0
    datalist = DataList.load(tmp_path / "out")
    assert (datalist.task, datalist.labels) == ("segmentation", ("label 1", "label 2"))
    assert datalist.masks == {"label 1": [1], "label 2": [2]}
    for entry in datalist.labeled + datalist.validation + datalist.test:
        assert Path(entry["label"]).name[:3] == Path(entry["image"]).name[:3]
    assert {f"{index:03d}.png" for index in range(50, 60)} <= names(datalist, "unlabeled")
    for some in (datalist.labeled, datalist.validation):  # each shows label 2, which odd images have
        assert any(int(Path(entry["image"]).stem) % 2 for entry in some)

    assert main([*arguments, "--regions=all=1+2,core=2", "--overwrite", "--unlabeled_rest", "--copy"]) == 0
    copied = DataList.load(tmp_path / "out")
    assert copied.masks == {"all": [1, 2], "core": [2]}
    assert all(Path(entry["label"]).parent == tmp_path / "out/masks" for entry in copied.labeled)
    assert main([*arguments, "--regions=core=2", "--overwrite", "--unlabeled_rest", "--max_bad=1"]) == 2
    assert "the mask has the values [1]" in rejected(tmp_path)[0]["reason"] or "1" in rejected(tmp_path)[0]["reason"]


def test_masks_and_classes(tmp_path: Path, images: Path, masks: Path) -> None:
    write_csv(tmp_path / "labels.csv", ("id", "dx"), [(index, "ab"[index % 2]) for index in range(40)])
    arguments = ["folder", f"--images={images}", f"--masks={masks}", f"--labels={tmp_path / 'labels.csv'}"]
    options = [f"--output={tmp_path / 'out'}", "--regions=spot=1+2", "--budget=1.0", "--validation_budget=1.0"]
    assert main([*arguments, *options, "--unlabeled_rest"]) == 0
    datalist = DataList.load(tmp_path / "out")
    assert (datalist.task, datalist.labels, datalist.label_task) == ("joint", ("a", "b"), "multiclass")
    known = {int(Path(e["image"]).stem): e for e in datalist.labeled + datalist.validation + datalist.test}
    assert set(known) == set(range(50))
    for index, entry in known.items():
        assert entry["label"] == (index % 2 if index < 40 else -1)
        assert Path(entry["mask"]).name[:3] == f"{index:03d}"
    assert names(datalist, "unlabeled") == {f"{index:03d}.png" for index in range(50, 60)}


def test_volumes(tmp_path: Path) -> None:
    """3D NIfTI images with class labels."""
    (tmp_path / "images").mkdir()
    for index in range(20):
        volume = np.random.default_rng(index).normal(size=(3, 4, 5)).astype(np.float32)
        nibabel.save(nibabel.Nifti1Image(volume, np.eye(4)), tmp_path / f"images/{index:02d}.nii.gz")
    write_csv(tmp_path / "labels.csv", ("image", "dx"), [(f"{index:02d}", "ab"[index % 2]) for index in range(20)])
    arguments = ["folder", f"--source={tmp_path / 'images'}", f"--labels={tmp_path / 'labels.csv'}"]
    assert main([*arguments, f"--output={tmp_path / 'out'}", "--modality=MR"]) == 0
    datalist = DataList.load(tmp_path / "out")
    assert (datalist.spatial_dims, datalist.channels, datalist.modality) == (3, 1, "MR")


def rejected(tmp_path: Path) -> list[dict[str, str]]:
    with (tmp_path / "out/rejected.csv").open() as file:
        return list(csv.DictReader(file))


def test_color(images: Path, run: Run) -> None:
    """RGB files with equal channels are grey; two thirds of true colour make the data set colour."""
    for index in range(60):
        write_png(images / f"{index:03d}.png", index, "RGBA")
    assert run().channels == 1
    for index in range(40):
        Image.new("RGB", (4, 4), (200, 30, index)).save(images / f"{index:03d}.png")
    assert run("--overwrite").channels == 3


def test_mixed_dimensions(images: Path, refuse: Callable[..., str]) -> None:
    (images / "000.png").unlink()
    nibabel.save(nibabel.Nifti1Image(np.zeros((3, 4, 5), np.float32), np.eye(4)), images / "000.nii.gz")
    assert "000.nii.gz: this image has 3 dimensions, where most have 2" in refuse("--strict")


def test_names_of_what_is_set_aside_are_not_with_the_copies(tmp_path: Path, images: Path, run: Run) -> None:
    (images / "007.png").rename(images / "REAL007.png")
    (images / "REAL007.png").write_bytes(b"not a picture")
    run("--copy")
    assert not (tmp_path / "out/rejected.csv").exists()
    assert "REAL007.png" in (tmp_path / "out.rejected.csv").read_text()


def test_dicom_patients_and_copies(tmp_path: Path, run: Run, images: Path, caplog: pytest.LogCaptureFixture) -> None:
    for index in range(60):
        (images / f"{index:03d}.png").unlink()
        write_dicom(images / f"REAL{index // 3:03d}/slice{index}.dcm", f"REAL{index // 3:03d}", first=index)
    write_csv(tmp_path / "labels.csv", ("image", "bleed"), [(f"slice{i}.dcm", i % 2) for i in range(60)])
    plain = run("--budget=1.0")
    assert plain.modality == "CT"
    assert len({entry["patient"] for entry in plain.labeled}) == 14
    assert "paths of 60 images contain the identifier" in caplog.text
    assert "--copy" in caplog.text

    copied = run("--budget=1.0", "--copy", "--overwrite")
    # The copies are in an order of their own: of one patient by their first pixel here.
    for entries in (plain.labeled, copied.labeled):
        entries.sort(key=lambda entry: (entry["patient"], pydicom.dcmread(entry["image"]).pixel_array[0, 0]))
    assert [entry["patient"] for entry in copied.labeled] == [entry["patient"] for entry in plain.labeled]
    written = b"".join(file.read_bytes() for file in (tmp_path / "out").rglob("*") if file.is_file())
    assert b"REAL" not in written
    assert b"20200102" not in written
    for before, after in zip(plain.labeled, copied.labeled, strict=True):
        assert Path(after["image"]).parent == tmp_path / "out/images"
        old, new = pydicom.dcmread(before["image"]), pydicom.dcmread(after["image"])
        np.testing.assert_array_equal(old.pixel_array, new.pixel_array)
        assert (new.RescaleSlope, new.RescaleIntercept, new.WindowWidth) == (2, -1000, 80)
        assert new.PatientID == after["patient"]


def test_images_without_a_row_stay_with_their_patient(tmp_path: Path, run: Run, images: Path) -> None:
    """The table numbers the patients, the headers name them: 3 images each, of which the third has no row."""
    for index in range(60):
        (images / f"{index:03d}.png").unlink()
        write_dicom(images / f"{index:03d}.dcm", f"REAL{index // 3:03d}", first=index)
    rows = [(f"{index:03d}.dcm", index // 3 + 100, index % 2) for index in range(60) if index % 3 < 2]
    write_csv(tmp_path / "labels.csv", ("image", "patient", "bleed"), rows)
    datalist = run("--patient_column=patient", "--unlabeled_rest", "--budget=1.0")
    assert len(datalist.labeled) == 28  # 14 of 20 patients
    trained = {int(name[:3]) // 3 for name in names(datalist, "labeled")}
    assert {int(name[:3]) // 3 for name in names(datalist, "unlabeled")} == trained
    assert not trained & {int(name[:3]) // 3 for name in names(datalist, "validation", "test")}
    assert len({entry["patient"] for key in LISTS for entry in getattr(datalist, key)}) == 20


def test_several_modalities(tmp_path: Path, run: Run, images: Path, refuse: Callable[..., str]) -> None:
    for index in range(60):
        (images / f"{index:03d}.png").unlink()
        write_dicom(images / f"{index}.dcm", f"REAL{index}", "CT" if index else "MR", first=index)
    assert "several modalities (CT, MR)" in refuse()
    assert run("--modality=CT").modality == "CT"


def test_unknown_patients_are_told(tmp_path: Path, run: Run, caplog: pytest.LogCaptureFixture) -> None:
    write_csv(tmp_path / "labels.csv", ("id", "edema"), [(index, index % 2) for index in range(60)])
    run()
    assert "The patient of 60 of 60 images is not known" in caplog.text


def test_output_inside_the_images(images: Path, table: Path) -> None:
    """The copies of an earlier run are no images of the folder."""
    arguments = ["folder", f"--images={images}", f"--labels={table}", f"--output={images / 'out'}", "--copy"]
    assert main(arguments) == 0
    assert main(arguments) == 0


@pytest.mark.parametrize(
    "option",
    [
        "--budget=many",
        "--fractions=a,b,c",
        "--fractions=1",
        "--fractions=0.5,0.1,0.1",
        "--seed=-1",
        "--label_format=xml",
        "--unit=slice",
    ],
)
def test_options_are_checked(run: Run, option: str) -> None:
    with pytest.raises(SystemExit, match="2"):
        run(option)


@pytest.mark.parametrize("options", [["--budget=1.5"], ["--budget=43"]])
def test_bad_amounts(refuse: Callable[..., str], options: list[str]) -> None:
    refuse(*options)


def test_help(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, text in ((["--help"], "demo"), (["folder", "--help"], "--unlabeled_rest")):
        with pytest.raises(SystemExit, match="0"):
            main(arguments)
        assert text in capsys.readouterr().out


def real(*parts: str) -> Path:
    root = os.environ.get("MONAI_SSL_DATA")
    if not root or not Path(root, *parts).exists():
        pytest.skip("MONAI_SSL_DATA names no folder with this data set")
    return Path(root, *parts)


def test_head_ct(tmp_path: Path) -> None:
    folder = real("head_ct")
    output = tmp_path / "out"
    assert (
        main(["folder", f"--images={folder / 'head_ct'}", f"--labels={folder / 'labels.csv'}", f"--output={output}"])
        == 0
    )
    datalist = DataList.load(output)
    assert (datalist.labels, datalist.channels, datalist.spatial_dims) == (("hemorrhage",), 1, 2)
    with (folder / "labels.csv").open() as file:
        expected = {int(row["id"]): int(row["hemorrhage"]) for row in csv.DictReader(file)}
    for entry in datalist.labeled + datalist.validation + datalist.test:
        assert entry["label"] == [expected[int(Path(entry["image"]).stem)]]


def test_nih(tmp_path: Path) -> None:
    folder = real("nih14_64")
    table = folder / "Data_Entry_2017.csv"
    assert main(["folder", f"--images={folder}", f"--labels={table}", f"--output={tmp_path}", "--budget=1.0"]) == 0
    datalist = DataList.load(tmp_path)
    assert (datalist.task, datalist.num_classes, datalist.channels) == ("multilabel", 14, 1)
    with table.open() as file:
        rows = {row["Image Index"]: row for row in csv.DictReader(file)}
    patients: dict[str, str] = {}
    for key in LISTS:
        for entry in getattr(datalist, key):
            row = rows[Path(entry["image"]).name]
            positive = {name for name, value in zip(datalist.labels, entry["label"], strict=True) if value}
            assert positive == set(row["Finding Labels"].split("|")) - {"No Finding"}
            assert patients.setdefault(entry["patient"], row["Patient ID"]) == row["Patient ID"]
    assert (
        json.loads((tmp_path / "datalist.json").read_text())["provenance"]["source"]["columns"]["patient"]
        == "Patient ID"
    )
