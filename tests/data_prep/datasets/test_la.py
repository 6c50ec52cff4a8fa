"""The left atrium set: volumes and masks of h5 files, lists, and what cannot be used."""

import argparse
import importlib.util
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest

from data_prep.datasets.la import add_arguments, read
from data_prep.records import Rejects, Source
from monai_ssl.errors import InputError

h5py = pytest.importorskip("h5py")
VOLUME = np.linspace(-1.0, 6.5, 24, dtype=np.float32).reshape(2, 3, 4)
MASK = (VOLUME > 2.0).astype(np.uint8)


def write(folder: Path, subject: str, **content: Any) -> Path:
    file = folder / subject / "mri_norm2.h5"
    file.parent.mkdir(parents=True)
    with h5py.File(file, "w") as opened:
        for name, values in ({"image": VOLUME, "label": MASK} | content).items():
            if values is not None:
                opened.create_dataset(name, data=values, compression="gzip" if np.ndim(values) else None)
    return file


def read_folder(folder: Path, rejects: Rejects | None = None) -> Source:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    options = parser.parse_args([])
    options.source, options.output, options.workers = folder, folder.parent / "out", 1
    return read(options, rejects or Rejects())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "la").mkdir()
    return tmp_path / "la"


def test_volumes_and_masks(folder: Path) -> None:
    write(folder, "B")
    write(folder, "A", image=VOLUME + 1)
    source = read_folder(folder)
    assert (source.task, source.labels, source.masks) == ("segmentation", ("left atrium",), {"left atrium": [1]})
    assert (source.modality, source.channels, source.spatial_dims) == ("MR", 1, 3)
    assert [(r.name, r.patient, r.split) for r in source.records] == [
        ("A/mri_norm2.h5", "A", None),
        ("B/mri_norm2.h5", "B", None),
    ]
    image, mask = (nib.load(file) for file in (source.records[0].image, source.records[0].mask))
    assert (image.get_data_dtype(), mask.get_data_dtype()) == (np.float32, np.uint8)
    np.testing.assert_array_equal(image.dataobj, VOLUME + 1)
    np.testing.assert_array_equal(mask.dataobj, MASK)
    for volume in (image, mask):
        np.testing.assert_array_equal(volume.affine, np.diag([0.625, 0.625, 0.625, 1]))
    assert (source.records[0].image.parent.name, source.records[0].mask.parent.name) == ("images", "masks")


def test_a_second_read_writes_nothing(folder: Path) -> None:
    write(folder, "A")
    record = read_folder(folder).records[0]
    times = [file.stat().st_mtime_ns for file in (record.image, record.mask)]
    assert read_folder(folder).records == [record]
    assert [file.stat().st_mtime_ns for file in (record.image, record.mask)] == times
    record.mask.unlink()
    assert read_folder(folder).records[0].mask.is_file()


def test_the_lists(folder: Path) -> None:
    for subject in "ABC":
        write(folder / "2018LA_Seg_Training Set", subject)
    (folder / "train.list").write_text("C\nX\n")
    (folder / "test.list").write_text("A")
    rejects = Rejects()
    source = read_folder(folder, rejects)
    assert [(record.patient, record.split) for record in source.records] == [("A", "test"), ("C", "train_val")]
    assert [(item.path, item.reason) for item in rejects.found] == [
        ("2018LA_Seg_Training Set/B/mri_norm2.h5", "this subject is in none of train.list, test.list")
    ]
    assert [table.name for table in source.tables] == ["train.list", "test.list"]


def test_lists_that_are_of_no_use(folder: Path) -> None:
    write(folder, "SECRET")
    (folder / "train.list").write_text("SECRET\n")
    with pytest.raises(InputError, match=r"test\.list: this list is missing beside the other one"):
        read_folder(folder)
    (folder / "test.list").write_text("SECRET\n")
    with pytest.raises(InputError, match=r"test\.list: 1 subjects are in train\.list too") as caught:
        read_folder(folder)
    assert "SECRET" not in str(caught.value)


WRONG = {
    "no label": ({"label": None}, "no image and label can be read here (KeyError)"),
    "other shape": ({"label": MASK[:1]}, "image and label have the shapes (2, 3, 4) and (1, 3, 4)"),
    "2D": ({"image": VOLUME[0], "label": MASK[0]}, "image and label have the shapes (3, 4) and (3, 4)"),
    "fractions": ({"label": MASK * 0.5}, "the label is not of whole numbers from 0 up"),
    "negative": ({"label": -MASK.astype(np.int16)}, "the label is not of whole numbers from 0 up"),
    "text": ({"image": "words"}, "no image and label can be read here"),
}


@pytest.mark.parametrize(("content", "reason"), WRONG.values(), ids=WRONG)
def test_files_that_are_set_aside(folder: Path, content: dict[str, Any], reason: str) -> None:
    write(folder, "A")
    write(folder, "B", **content)
    rejects = Rejects()
    assert [record.patient for record in read_folder(folder, rejects).records] == ["A"]
    assert [item.path for item in rejects.found] == ["B/mri_norm2.h5"]
    assert rejects.found[0].reason.startswith(reason)
    assert rejects.found[0].remedy
    with pytest.raises(InputError, match=r"B/mri_norm2\.h5: "):
        read_folder(folder, Rejects(strict=True))


def test_a_file_that_is_cut_short(folder: Path) -> None:
    file = write(folder, "A")
    file.write_bytes(file.read_bytes()[:1000])
    rejects = Rejects()
    assert not read_folder(folder, rejects).records
    assert rejects.found[0].reason == "no image and label can be read here (OSError)"


def test_no_subject(folder: Path) -> None:
    with pytest.raises(InputError, match=r"la: there is no mri_norm2\.h5"):
        read_folder(folder)


def test_without_h5py(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(folder, "A")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"without h5py\. Run pip install 'monai-ssl\[h5\]'"):
        read_folder(folder)


def test_real_volumes(tmp_path: Path, real_images: Path) -> None:
    if not (real_images / "la2018").is_dir():
        pytest.skip("the left atrium set is not there")
    rejects = Rejects()
    records = read(argparse.Namespace(source=real_images / "la2018", output=tmp_path, workers=2), rejects).records
    assert len(records) >= 1
    assert not rejects.found
    record = records[0]
    with h5py.File(real_images / "la2018" / record.name) as file:
        np.testing.assert_array_equal(nib.load(record.image).dataobj, file["image"][()])
        np.testing.assert_array_equal(nib.load(record.mask).dataobj, file["label"][()])
