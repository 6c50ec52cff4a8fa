import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from monai.data import load_decathlon_datalist
from PIL import Image

from data_prep.__main__ import main
from data_prep.demo import dataset, demo_dir, make_demo
from data_prep.demo.brain_tumor import content
from data_prep.demo.brain_tumor.picture import main as draw
from data_prep.demo.brain_tumor.subject import Subject, make_subject
from data_prep.demo.lists import save_data_list
from monai_ssl.data.datalist import DataList
from monai_ssl.errors import InputError

MODALITIES = ("flair", "t1", "t1ce", "t2")
SUBJECTS, SIZE = 10, 32
SHAPE = (28, 32, 25)  # 64 x 72 x 56, scaled


def small(folder: Path, **changes: Any) -> Path:
    options = {"phantom": "brain_tumor", "subjects": SUBJECTS, "budget": 0.25, "image_size": SIZE, "progress": False}
    return make_demo(folder, **{**options, **changes})


def scans(folder: Path) -> list[tuple[list[Path], Path]]:
    """The images and the mask of each subject."""
    found = []
    for subject in sorted((folder / "images").iterdir()):
        files = [subject / f"{subject.name}_{part}.nii.gz" for part in (*MODALITIES, "seg")]
        assert sorted(files) == sorted(subject.iterdir())
        found.append((files[:4], files[4]))
    return found


def digests(folder: Path) -> dict[str, str]:
    return {
        file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in folder.rglob("*")
        if file.is_file()
    }


def test_files_are_those_of_brats(brain_tumor: Path) -> None:
    found = scans(brain_tumor)
    assert len(found) == SUBJECTS
    for images, mask in found:
        volumes = [nib.load(file) for file in (*images, mask)]
        for volume in volumes:
            assert volume.shape == SHAPE
            assert volume.get_data_dtype() == np.dtype("<i2")
            assert nib.aff2axcodes(volume.affine) == ("L", "P", "S")
            np.testing.assert_allclose(volume.header.get_zooms(), 172.8 / SIZE, rtol=1e-6)
            np.testing.assert_allclose(volume.affine @ [13.5, 15.5, 12, 1], [0, 0, 0, 1], atol=1e-4)
            np.testing.assert_allclose(volume.get_qform(), volume.get_sform(), atol=1e-4)
            assert volume.header["qform_code"] == volume.header["sform_code"] == 1
        *modalities, values = (np.asarray(volume.dataobj) for volume in volumes)
        brain = modalities[0] > 0
        assert 0.2 < brain.mean() < 0.6
        assert all(((modality > 0) == brain).all() and modality.min() == 0 for modality in modalities)
        assert set(np.unique(values)) <= {0, 1, 2, 4}
        assert (values == 2).any()
        assert brain[values > 0].all()


def test_files_hold_what_is_drawn(brain_tumor: Path) -> None:
    for number in (0, 7):
        images, mask = scans(brain_tumor)[number]
        drawn = make_subject(0, number, SIZE)
        for modality, file in zip(MODALITIES, images, strict=True):
            np.testing.assert_array_equal(nib.load(file).dataobj, drawn.images[modality])
        np.testing.assert_array_equal(nib.load(mask).dataobj, drawn.mask)


def test_a_region_is_absent_from_some(brain_tumor: Path) -> None:
    enhancing = [4 in np.unique(np.asarray(nib.load(mask).dataobj)) for _, mask in scans(brain_tumor)]
    assert enhancing == [number % 6 != 1 for number in range(SUBJECTS)]


def test_data_list(brain_tumor: Path) -> None:
    data = DataList.load(brain_tumor)
    assert (data.task, data.modality, data.channels, data.spatial_dims) == ("segmentation", "MR", 4, 3)
    assert data.name == "demo_brain_tumor"
    assert data.labels == ("whole tumor", "tumor core", "enhancing tumor")
    assert data.masks == {"whole tumor": [1, 2, 4], "tumor core": [1, 4], "enhancing tumor": [4]}
    assert [len(entries) for entries in (data.labeled, data.unlabeled, data.validation, data.test)] == [2, 4, 2, 2]
    assert all(entry.keys() == {"image", "patient"} for entry in data.unlabeled)
    for entry in data.entries():
        name = f"PHANTOM_{entry['patient'][1:]}"
        folder = (brain_tumor / "images" / name).resolve()
        assert [Path(file).resolve() for file in entry["image"]] == [
            folder / f"{name}_{modality}.nii.gz" for modality in MODALITIES
        ]
        if "label" in entry:
            assert Path(entry["label"]).resolve() == folder / f"{name}_seg.nii.gz"
    assert len({entry["patient"] for entry in data.entries()}) == SUBJECTS
    read = load_decathlon_datalist(brain_tumor / "datalist.json", data_list_key="labeled", base_dir=brain_tumor)
    assert [len(entry["image"]) for entry in read] == [4, 4]


def test_labeled_subjects_show_every_region(brain_tumor: Path) -> None:
    shown = {
        int(v) for entry in DataList.load(brain_tumor).labeled for v in np.unique(nib.load(entry["label"]).dataobj)
    }
    assert shown == {0, 1, 2, 4}


def test_default_set_has_six_labeled_of_36(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mask = np.array([[[0, 1, 2, 4]]], np.int16)
    drawn = []

    def draw_nothing(seed: int, subject: int, size: int) -> Subject:
        drawn.append((seed, subject, size))
        return Subject(dict.fromkeys(MODALITIES, mask), mask, 1.0)

    monkeypatch.setattr(content, "make_subject", draw_nothing)
    made = make_demo(tmp_path / "demo", phantom="brain_tumor", progress=False)
    data = DataList.load(made)
    assert [len(entries) for entries in (data.labeled, data.unlabeled, data.validation, data.test)] == [6, 30, 12, 12]
    assert drawn == [(0, subject, 72) for subject in range(60)]
    assert data.provenance["command"] == (
        "python -m data_prep demo --phantom brain_tumor --seed 0 --subjects 60 --budget 0.17"
    )


def test_larger_budget_changes_nothing_but_the_labels(brain_tumor: Path, tmp_path: Path) -> None:
    more, less = DataList.load(small(tmp_path / "more", budget=5)), DataList.load(brain_tumor)
    assert len(more.labeled) == 5
    assert {entry["patient"] for entry in less.labeled} < {entry["patient"] for entry in more.labeled}
    same, other = digests(brain_tumor), digests(tmp_path / "more")
    assert same.pop("datalist.json") != other.pop("datalist.json")
    assert same == other


def test_same_arguments_give_the_same_bytes(brain_tumor: Path, tmp_path: Path) -> None:
    """In another process, at another time and in another folder."""
    options = ["--phantom", "brain_tumor", "--subjects", "10", "--budget", "0.25", "--image_size", "32"]
    subprocess.run(
        [sys.executable, "-m", "data_prep", "demo", *options, "--output", tmp_path / "again"],
        env={**os.environ, "PYTHONHASHSEED": "7"},
        check=True,
        capture_output=True,
    )
    assert digests(tmp_path / "again") == digests(brain_tumor)
    for images, _ in scans(brain_tumor):
        start = images[0].read_bytes()[:10]
        assert start[:2] == b"\x1f\x8b"
        assert start[3:8] == bytes(5)  # neither a name nor a time
    other = digests(small(tmp_path / "other", seed=1, subjects=3))
    assert not set(other.values()) & set(digests(brain_tumor).values())


def test_provenance_has_the_checksum_of_the_masks(brain_tumor: Path) -> None:
    made = DataList.load(brain_tumor).provenance
    masks = b"".join(mask.read_bytes() for _, mask in scans(brain_tumor))
    assert made["sha256"] == {"images/*/*_seg.nii.gz": hashlib.sha256(masks).hexdigest()}
    assert made["parameters"] == {
        "phantom": "brain_tumor",
        "generator": 1,
        "seed": 0,
        "subjects": SUBJECTS,
        "budget": 0.25,
        "image_size": SIZE,
    }


def test_label_files_must_be_there(tmp_path: Path) -> None:
    entries: dict[str, list[dict[str, Any]]] = {"training": [], "validation": [], "test": []}
    with pytest.raises(FileNotFoundError, match="has no labels"):
        save_data_list(tmp_path, entries, [], parameters={}, command="", protocol="", task="multiclass")


def test_brats_reads_the_images(brain_tumor: Path, tmp_path: Path) -> None:
    source, output = brain_tumor / "images", tmp_path / "list"
    arguments = ["--fractions", "0.6,0.2,0.2", "--budget", "2", "--validation_budget", "1.0", "--workers", "1"]
    assert main(["brats", "--source", str(source), "--output", str(output), *arguments]) == 0
    read, made = DataList.load(output), DataList.load(brain_tumor)
    for key in ("task", "labels", "masks", "modality", "channels", "spatial_dims"):
        assert getattr(read, key) == getattr(made, key)

    def files(data: DataList) -> set[tuple[str, ...]]:
        return {tuple(str(Path(file).resolve()) for file in entry["image"]) for entry in data.entries()}

    assert files(read) == files(made)
    assert len({entry["patient"] for entry in read.entries()}) == SUBJECTS
    assert len(read.labeled) == 2


def test_check_finds_no_problems(brain_tumor: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "picture.png"
    assert main(["check", str(brain_tumor), "--picture", str(picture), "--workers", "1"]) == 0
    printed = capsys.readouterr().out
    assert "No problems were found." in printed
    assert "3D, channels: 4" in printed
    assert picture.is_file()


def test_picture_shows_each_modality_and_the_mask(brain_tumor: Path, tmp_path: Path) -> None:
    draw([str(brain_tumor), str(tmp_path / "one.png")])
    draw([str(brain_tumor), str(tmp_path / "two.png"), "--subjects", "s0001", "s0004"])
    one, two = (np.asarray(Image.open(tmp_path / name).convert("RGB"), int) for name in ("one.png", "two.png"))
    assert two.shape[1] == one.shape[1]
    assert two.shape[0] > one.shape[0]
    spread = np.ptp(one[30:-60], axis=-1).max(axis=0)  # of the colors in each column
    fifth = one.shape[1] // 5
    assert spread[: 4 * fifth].max() < 10 < 60 < spread[4 * fifth :].max()
    with pytest.raises(InputError, match="no subject s0099"):
        draw([str(brain_tumor), str(tmp_path / "none.png"), "--subjects", "s0001", "s0099"])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"seed": -1}, "seed of the demo is -1"),
        ({"subjects": 2}, "2 patients are too few"),
        ({"image_size": 31}, "31 pixels"),
        ({"budget": 1.5}, "budget of 1.5"),
        ({"patients": 5}, "patients are given, but the brain_tumor demo is made of subjects"),
        ({"phantom": "head"}, "subjects are given, but the head demo is made of patients"),
    ],
)
def test_wrong_arguments(tmp_path: Path, wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        small(tmp_path / "demo", **{"subjects": 3, **wrong})
    assert not list(tmp_path.iterdir())


def test_interrupted_run_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(seed: int, subject: int, size: int) -> Subject:
        if subject == 1:
            raise KeyboardInterrupt
        return make_subject(seed, subject, size)

    monkeypatch.setattr(content, "make_subject", stop)
    with pytest.raises(KeyboardInterrupt):
        small(tmp_path / "demo", subjects=3)
    assert not list(tmp_path.iterdir())


def test_demo_dir_makes_the_set_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], brain_tumor: Path
) -> None:
    monkeypatch.setattr(dataset, "make_demo", lambda folder, phantom: shutil.copytree(brain_tumor, folder))
    bundle = tmp_path / "bundles" / "some"
    bundle.mkdir(parents=True)
    folder = demo_dir(bundle, "brain_tumor")
    assert Path(folder) == (tmp_path / "data" / "demo_brain_tumor").resolve()
    assert "simulated brain MR" in capsys.readouterr().out
    assert demo_dir(bundle, "brain_tumor") == folder
    assert not capsys.readouterr().out
    file = Path(folder) / "datalist.json"
    file.write_text(file.read_text(encoding="utf-8").replace('"generator": 1', '"generator": 0'), encoding="utf-8")
    with pytest.raises(InputError, match=r"this is not the demo data set \(simulated brain MR\)"):
        demo_dir(bundle, "brain_tumor")


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["demo", "--phantom", "brain_tumor", "--seed", "2", "--subjects", "4", "--budget", "1"]
    options += ["--image_size", "32"]
    assert main([*options, "--output", str(tmp_path / "demo")]) == 0
    assert "demo_brain_tumor: segmentation labels (classes: 3), MR images (3D" in capsys.readouterr().out
    made = json.loads((tmp_path / "demo" / "datalist.json").read_text())["provenance"]
    assert made["command"] == " ".join(["python -m data_prep", *options])
    assert main([*options, "--lesions", "5", "--output", str(tmp_path / "other")]) == 2
    assert "lesions are given, but the brain_tumor demo is made of subjects" in capsys.readouterr().err
