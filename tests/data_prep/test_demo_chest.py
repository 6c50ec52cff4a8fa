import csv
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from data_prep.__main__ import main
from data_prep.datasets.chest_layout import DIAGNOSES
from data_prep.demo import dataset, demo_dir, make_demo
from data_prep.demo.chest import content
from data_prep.demo.chest.cohort import draw_diagnoses, draw_missing
from data_prep.demo.chest.picture import main as draw
from data_prep.demo.chest.radiograph import Radiograph, make_radiograph
from monai_ssl.data.datalist import DataList
from monai_ssl.errors import InputError

RADIOGRAPHS, SIZE = 60, 32


def small(folder: Path, **changes: Any) -> Path:
    options = {"phantom": "chest", "radiographs": RADIOGRAPHS, "budget": 0.5, "image_size": SIZE, "progress": False}
    return make_demo(folder, **{**options, **changes})


def table(folder: Path) -> dict[str, dict[str, str]]:
    """The row of each image, from the label file."""
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["image", "patient", "class", "has_mask"]
    return {row["image"]: row for row in rows}


def digests(folder: Path) -> dict[str, str]:
    return {
        file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in folder.rglob("*")
        if file.is_file()
    }


def test_files_are_grey_pictures_and_nothing_else(chest: Path) -> None:
    names = {f"PHANTOM_{number + 1:04}.png" for number in range(RADIOGRAPHS)}
    assert {file.name for file in (chest / "images").iterdir()} == names == table(chest).keys()
    masked = {name for name, row in table(chest).items() if row["has_mask"] == "yes"}
    assert {file.name for file in (chest / "masks").iterdir()} == masked
    for kind, files in (("images", names), ("masks", masked)):
        for name in files:
            with Image.open(chest / kind / name) as picture:
                assert (picture.format, picture.mode, picture.size) == ("PNG", "L", (SIZE, SIZE))
                assert not picture.info
                values = np.asarray(picture)
            if kind == "masks":
                assert set(np.unique(values)) == {0, 255}
                assert 0.15 < (values > 0).mean() < 0.55
            else:
                assert np.ptp(values.astype(int)) > 120


def test_files_hold_what_is_drawn(chest: Path) -> None:
    rows = table(chest)
    for name in ("PHANTOM_0001.png", "PHANTOM_0008.png", "PHANTOM_0060.png"):
        number, diagnosis = int(name[8:12]) - 1, DIAGNOSES.index(rows[name]["class"])
        drawn = make_radiograph(np.random.default_rng([0, number, 1 + diagnosis]), diagnosis, SIZE)
        np.testing.assert_array_equal(np.asarray(Image.open(chest / "images" / name)), drawn.image)
        if rows[name]["has_mask"] == "yes":
            np.testing.assert_array_equal(np.asarray(Image.open(chest / "masks" / name)), drawn.mask)


def test_data_list_has_what_is_known(chest: Path) -> None:
    data, rows = DataList.load(chest), table(chest)
    assert (data.task, data.modality, data.channels, data.spatial_dims) == ("joint", "DX", 1, 2)
    assert (data.name, data.labels, data.masks) == ("demo_chest", DIAGNOSES, {"lung": [255]})
    assert [len(part) for part in (data.labeled, data.unlabeled, data.validation, data.test)] == [18, 18, 12, 12]
    assert len({entry["patient"] for entry in data.entries()}) == RADIOGRAPHS
    assert all(entry.keys() == {"image", "patient"} for entry in data.unlabeled)
    known = Counter()
    for entry in (*data.labeled, *data.validation, *data.test):
        row = rows[Path(entry["image"]).name]
        assert row["patient"] == entry["patient"]
        assert entry["label"] in (-1, DIAGNOSES.index(row["class"]))
        assert ("mask" in entry) == (row["has_mask"] == "yes")
        if "mask" in entry:
            assert Path(entry["mask"]) == Path(entry["image"]).parents[1] / "masks" / Path(entry["image"]).name
        assert entry["label"] >= 0 or "mask" in entry
        known[entry["label"] >= 0, "mask" in entry] += 1
    assert set(known) == {(True, True), (True, False), (False, True)}
    assert all(entry["label"] >= 0 for entry in (*data.validation, *data.test))


def test_diagnoses_are_balanced_where_they_are_labeled_only(chest: Path) -> None:
    data, rows = DataList.load(chest), table(chest)

    def counts(entries: list[dict[str, Any]]) -> list[int]:
        found = Counter(rows[Path(entry["image"]).name]["class"] for entry in entries)
        return [found[name] for name in DIAGNOSES]

    assert counts(list(data.entries())) == [27, 18, 15]
    assert counts(data.labeled) == [6, 6, 6]
    assert counts(data.validation) == counts(data.test) == [5, 4, 3]


def test_default_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = np.array([[0, 255]], np.uint8)
    monkeypatch.setattr(content, "make_radiograph", lambda rng, diagnosis, size: Radiograph(picture, picture))
    data = DataList.load(make_demo(tmp_path / "demo", phantom="chest", progress=False))
    assert [len(part) for part in (data.labeled, data.unlabeled, data.validation, data.test)] == [119, 241, 120, 120]
    missing = Counter("class" if e["label"] < 0 else "" if "mask" in e else "mask" for e in data.labeled)
    assert 10 <= missing["mask"] <= 30
    assert 4 <= missing["class"] <= 16
    for part in (data.validation, data.test):  # of 54, 36 and 30 the 5th, 15th, 25th...
        assert sum("mask" not in entry for entry in part) == 5 + 4 + 3
    assert (
        data.provenance["command"]
        == "python -m data_prep demo --phantom chest --seed 0 --radiographs 600 --budget 0.33"
    )


def test_missing_by_hand() -> None:
    groups = [(label, split) for label in (0, 1) for split in ("training", "test") for _ in range(24)]
    missing = draw_missing(groups, 3)
    for group in sorted(set(groups)):
        found = Counter(what for what, other in zip(missing, groups, strict=True) if other == group)
        assert found == ({"": 18, "mask": 4, "class": 2} if group[1] == "training" else {"": 22, "mask": 2})
    assert draw_missing(groups, 3) == missing != draw_missing(groups, 4)


def test_diagnoses_are_as_frequent_as_they_should_be() -> None:
    assert Counter(draw_diagnoses(600, 0)) == {0: 270, 1: 180, 2: 150}
    assert Counter(draw_diagnoses(20, 0)) == {0: 9, 1: 6, 2: 5}


def test_larger_budget_changes_nothing_but_the_labels(chest: Path, tmp_path: Path) -> None:
    more, less = DataList.load(small(tmp_path / "more", budget=30)), DataList.load(chest)
    assert len(more.labeled) == 30
    kept = {entry["patient"]: entry for entry in more.labeled}
    for entry in less.labeled:
        other = kept[entry["patient"]]
        assert (entry["label"], "mask" in entry) == (other["label"], "mask" in other)
    same, other = digests(chest), digests(tmp_path / "more")
    assert same.pop("datalist.json") != other.pop("datalist.json")
    assert same == other


def test_same_arguments_give_the_same_bytes(chest: Path, tmp_path: Path) -> None:
    """In another process, at another time and in another folder."""
    options = ["--phantom", "chest", "--radiographs", "60", "--budget", "0.5", "--image_size", "32"]
    subprocess.run(
        [sys.executable, "-m", "data_prep", "demo", *options, "--output", tmp_path / "again"],
        env={**os.environ, "PYTHONHASHSEED": "7"},
        check=True,
        capture_output=True,
    )
    assert digests(tmp_path / "again") == digests(chest)
    other = digests(small(tmp_path / "other", seed=1, radiographs=20))
    images = {name: value for name, value in other.items() if name.startswith("images")}
    assert not set(images.values()) & set(digests(chest).values())


def test_provenance_repeats_the_set(chest: Path) -> None:
    made = DataList.load(chest).provenance
    masks = b"".join(file.read_bytes() for file in sorted((chest / "masks").iterdir()))
    assert made["sha256"] == {
        "labels.csv": hashlib.sha256((chest / "labels.csv").read_bytes()).hexdigest(),
        "masks/*.png": hashlib.sha256(masks).hexdigest(),
    }
    assert made["parameters"] == {
        "phantom": "chest",
        "generator": 1,
        "seed": 0,
        "radiographs": RADIOGRAPHS,
        "budget": 0.5,
        "image_size": SIZE,
    }
    assert "one training image in six has no mask" in made["protocol"]


def test_folder_reads_the_images(chest: Path, tmp_path: Path) -> None:
    output = tmp_path / "list"
    arguments = ["--source", chest / "images", "--labels", chest / "labels.csv", "--masks", chest / "masks"]
    arguments += ["--regions", "lung=255", "--classes", ",".join(DIAGNOSES), "--modality", "DX", "--workers", "1"]
    arguments += ["--budget", "9", "--validation_budget", "1.0", "--sampling", "balanced", "--output", output]
    assert main(["folder", *map(str, arguments)]) == 0
    read, made, rows = DataList.load(output), DataList.load(chest), table(chest)
    for key in ("task", "labels", "masks", "modality", "channels", "spatial_dims"):
        assert getattr(read, key) == getattr(made, key)
    assert {Path(entry["image"]).name for entry in read.entries()} == rows.keys()
    for entry in (*read.labeled, *read.validation, *read.test):
        row = rows[Path(entry["image"]).name]
        assert DIAGNOSES[entry["label"]] == row["class"]
        assert ("mask" in entry) == (row["has_mask"] == "yes")


def test_check_finds_no_problems(chest: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "picture.png"
    assert main(["check", str(chest), "--picture", str(picture), "--workers", "1"]) == 0
    assert "No problems were found." in capsys.readouterr().out
    assert picture.is_file()


def test_picture_has_a_row_for_each_class_and_outlines_beside(chest: Path, tmp_path: Path) -> None:
    draw([str(chest), str(tmp_path / "one.png"), "--each", "1"])
    draw([str(chest), str(tmp_path / "two.png")])
    one, two = (np.asarray(Image.open(tmp_path / name).convert("RGB"), int) for name in ("one.png", "two.png"))
    assert two.shape[0] == one.shape[0]
    assert two.shape[1] > 1.5 * one.shape[1]
    for third in np.array_split(np.ptp(two, axis=-1).max(axis=1), 3):  # of the colors in the rows of each class
        assert third.max() > 60
    with pytest.raises(InputError, match="Give --each from 1 to"):
        draw([str(chest), str(tmp_path / "none.png"), "--each", "40"])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"seed": -1}, "seed of the demo is -1"),
        ({"radiographs": 19}, "19 radiographs are too few"),
        ({"image_size": 31}, "31 pixels"),
        ({"budget": 1.5}, "budget of 1.5"),
        ({"lesions": 5}, "lesions are given, but the chest demo is made of radiographs"),
        ({"phantom": "head"}, "radiographs are given, but the head demo is made of patients"),
    ],
)
def test_wrong_arguments(tmp_path: Path, wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        small(tmp_path / "demo", **{"radiographs": 20, **wrong})
    assert not list(tmp_path.iterdir())


def test_demo_dir_makes_the_set_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], chest: Path
) -> None:
    monkeypatch.setattr(dataset, "make_demo", lambda folder, phantom: shutil.copytree(chest, folder))
    bundle = tmp_path / "bundles" / "some"
    bundle.mkdir(parents=True)
    folder = demo_dir(bundle, "chest")
    assert Path(folder) == (tmp_path / "data" / "demo_chest").resolve()
    assert "simulated chest radiographs" in capsys.readouterr().out
    assert demo_dir(bundle, "chest") == folder
    assert not capsys.readouterr().out


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["demo", "--phantom", "chest", "--seed", "2", "--radiographs", "20", "--budget", "3"]
    options += ["--image_size", "32"]
    assert main([*options, "--output", str(tmp_path / "demo")]) == 0
    assert "demo_chest: joint labels (classes: 3), DX images (2D, channels: 1)" in capsys.readouterr().out
    made = json.loads((tmp_path / "demo" / "datalist.json").read_text())["provenance"]
    assert made["command"] == " ".join(["python -m data_prep", *options])
    assert main([*options, "--patients", "5", "--output", str(tmp_path / "other")]) == 2
    assert "patients are given, but the chest demo is made of radiographs" in capsys.readouterr().err
