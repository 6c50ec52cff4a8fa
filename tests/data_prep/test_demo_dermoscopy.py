import csv
import hashlib
import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from data_prep.__main__ import main
from data_prep.datasets.isic2018_tables import DIAGNOSES
from data_prep.demo import dataset, demo_dir, make_demo
from data_prep.demo.dermoscopy.camera import take_photograph
from data_prep.demo.dermoscopy.lesion import make_lesion
from data_prep.demo.shares import apportion, draw_labeled
from monai_ssl.data.datalist import DataList
from monai_ssl.errors import InputError
from monai_ssl.transforms import LoadRadiologyImage

LESIONS, SIZE = 60, 32
# Of 60 lesions 6.66, 40.14, 3.06, 1.98, 6.6, 0.72 and 0.84 are due; four diagnoses are raised to 5.
OF_SIXTY = {"MEL": 5, "NV": 30, "BCC": 5, "AKIEC": 5, "BKL": 5, "DF": 5, "VASC": 5}


def small(folder: Path, **changes: Any) -> Path:
    return make_demo(
        folder, **{"phantom": "dermoscopy", "lesions": LESIONS, "image_size": SIZE, "progress": False, **changes}
    )


@pytest.fixture(scope="module")
def skins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small(tmp_path_factory.mktemp("skins") / "demo")


def truth(folder: Path) -> dict[str, str]:
    """The diagnosis of each image by its name, from the label file."""
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["image", "MEL", "NV", "BCC", "AKIEC", "BKL", "DF", "VASC"]
    assert all(sorted(row[name] for name in DIAGNOSES) == ["0.0"] * 6 + ["1.0"] for row in rows)
    return {row["image"]: next(name for name in DIAGNOSES if row[name] == "1.0") for row in rows}


def digests(folder: Path) -> dict[str, str]:
    return {
        file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in folder.rglob("*")
        if file.is_file()
    }


def test_images_are_color_photographs_that_tell_nothing_else(skins: Path) -> None:
    files = list((skins / "images").iterdir())
    assert len(files) > LESIONS
    for file in files:
        with Image.open(file) as image:
            assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (SIZE, SIZE))
            assert not image.getexif()
    assert LoadRadiologyImage(channels=3)(files[0]).shape == (3, SIZE, SIZE)


def test_images_show_the_diagnosis_of_the_label_file(skins: Path) -> None:
    labels = {image: DIAGNOSES.index(name) for image, name in truth(skins).items() if image.endswith("_1")}
    assert len(labels) == LESIONS
    for image, diagnosis in labels.items():
        rng = np.random.default_rng([0, int(image.split("_")[1]) - 1, diagnosis])
        surface = make_lesion(rng, diagnosis, 2 * SIZE)
        hairy = max(0.0, rng.normal(0, 0.25))
        rng.choice(3, p=[0.74, 0.18, 0.08])  # one, two or three photographs
        drawn = take_photograph(rng, surface, SIZE, hairy).astype(float)
        written = np.asarray(Image.open(skins / "images" / f"{image}.jpg"), float)
        assert np.abs(written - drawn).mean() < 9  # by JPEG; with another diagnosis it is above 13


def test_data_list_agrees_with_the_label_file(skins: Path) -> None:
    data, labels = DataList.load(skins), truth(skins)
    assert (data.task, data.labels, data.modality) == ("multiclass", DIAGNOSES, "XC")
    assert (data.channels, data.spatial_dims, data.name) == (3, 2, "demo_dermoscopy")
    assert set(labels) == {file.stem for file in (skins / "images").iterdir()}
    assert {Path(entry["image"]).stem for entry in data.entries()} == set(labels)
    for entry in (*data.labeled, *data.validation, *data.test):
        assert DIAGNOSES[entry["label"]] == labels[Path(entry["image"]).stem]
    assert all(entry.keys() == {"image", "patient"} for entry in data.unlabeled)


def test_lesions_are_imbalanced_and_each_in_one_split(skins: Path) -> None:
    data, labels = DataList.load(skins), truth(skins)
    diagnosis: dict[str, set[str]] = {}
    splits: dict[str, set[str]] = {}
    for name, entries in (
        ("training", data.labeled + data.unlabeled),
        ("validation", data.validation),
        ("test", data.test),
    ):
        assert {labels[Path(entry["image"]).stem] for entry in entries} == set(DIAGNOSES)
        for entry in entries:
            assert Path(entry["image"]).stem.split("_")[1] == entry["patient"][1:]
            diagnosis.setdefault(entry["patient"], set()).add(labels[Path(entry["image"]).stem])
            splits.setdefault(entry["patient"], set()).add(name)
    assert all(len(found) == 1 for found in (*diagnosis.values(), *splits.values()))
    assert Counter(name for (name,) in diagnosis.values()) == OF_SIXTY
    # 20 % of 30, and of 5 for the six others.
    assert Counter(name for (name,) in splits.values()) == {"training": 36, "validation": 12, "test": 12}


def test_lesions_have_one_to_three_different_photographs(skins: Path) -> None:
    views: dict[str, list[np.ndarray]] = {}
    for file in sorted((skins / "images").iterdir()):
        views.setdefault(file.stem[:-2], []).append(np.asarray(Image.open(file), float))
    assert {len(pictures) for pictures in views.values()} == {1, 2, 3}
    for first, *others in views.values():
        assert all(np.abs(first - other).mean() > 3 for other in others)


def test_default_counts_are_those_of_the_challenge() -> None:
    weights = [0.111, 0.669, 0.051, 0.033, 0.110, 0.012, 0.014]
    # 82.14, 495.06, 37.74, 24.42, 81.4, 8.88, 10.36: three are missing, for the largest remainders.
    assert apportion(740, weights, 5) == [82, 495, 38, 25, 81, 9, 10]
    assert apportion(60, weights, 5) == list(OF_SIXTY.values())


@pytest.mark.parametrize(("total", "expected"), [(10, [7, 2, 1]), (3, [1, 1, 1]), (2, [1, 1, 1]), (20, [14, 4, 2])])
def test_apportion_by_hand(total: int, expected: list[int]) -> None:
    assert apportion(total, [14, 4, 2], 1) == expected


@pytest.mark.parametrize(
    ("budget", "expected"), [(0.1, [7, 2, 1]), (20, [14, 4, 2]), (1, [1, 1, 1]), (1.0, [70, 20, 10])]
)
def test_budget_is_drawn_from_each_diagnosis(budget: float | int, expected: list[int]) -> None:
    labels = np.random.default_rng(0).permutation(np.repeat([1, 4, 5], [70, 20, 10])).tolist()
    drawn = draw_labeled(labels, [str(index) for index in range(100)], budget, 3)
    assert drawn == sorted(set(drawn))
    assert [Counter(labels[index] for index in drawn)[label] for label in (1, 4, 5)] == expected


@pytest.mark.parametrize("seed", [0, 1])
def test_larger_budget_contains_the_smaller(seed: int) -> None:
    counts = [61, 385, 27, 23, 62, 5, 6]  # of the training images of 740 lesions
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(7), counts)).tolist()
    owners = [str(index // 2) for index in range(len(labels))]
    smaller: set[int] = set()
    for budget in range(1, len(labels) + 1):
        drawn = set(draw_labeled(labels, owners, budget, seed))
        assert smaller <= drawn
        assert len(drawn) == max(7, budget)
        smaller = drawn
        shares = np.bincount([labels[index] for index in drawn])
        assert shares.min() >= 1
        # In proportion: by Sainte-Laguë no image moved to another diagnosis would be fairer.
        gained, lost = (2 * shares + 1) / counts, (2 * shares - 1) / counts
        assert lost[shares > 1].max(initial=0) <= gained.min()


def test_largest_remainders_are_not_nested() -> None:
    """Why a budget is not shared out as lesions are: a larger one may take a label away."""
    assert [apportion(total, [6, 6, 2], 1) for total in (10, 11)] == [[4, 4, 2], [5, 5, 1]]


def test_larger_budget_changes_nothing_but_the_labels(skins: Path, tmp_path: Path) -> None:
    more = DataList.load(small(tmp_path / "more", budget=30))
    less = DataList.load(skins)
    assert len(more.labeled) == 30
    training = len(less.labeled) + len(less.unlabeled)
    assert len(less.labeled) == max(7, round(0.1 * training))
    assert {entry["label"] for entry in less.labeled} == set(range(7))
    assert len(more.unlabeled) == training - 30
    ignored = {"datalist.json"}
    same, other = digests(skins), digests(tmp_path / "more")
    assert {key: same[key] for key in same.keys() - ignored} == {key: other[key] for key in other.keys() - ignored}


def test_same_seed_gives_the_same_bytes(skins: Path, tmp_path: Path) -> None:
    assert digests(small(tmp_path / "again")) == digests(skins)
    other = digests(small(tmp_path / "other", seed=1))
    assert not set(other.values()) & set(digests(skins).values())


def test_provenance_repeats_the_set(skins: Path) -> None:
    made = DataList.load(skins).provenance
    assert (
        made["command"]
        == "python -m data_prep demo --phantom dermoscopy --seed 0 --lesions 60 --budget 0.1 --image_size 32"
    )
    assert made["parameters"]["image_size"] == SIZE
    assert "none has fewer than 5 lesions" in made["protocol"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"seed": -1}, "seed of the demo is -1"),
        ({"lesions": 49}, "49 lesions are too few"),
        ({"image_size": 31}, "31 pixels"),
        ({"budget": 2.0}, "budget of 2.0"),
        ({"budget": 0}, "budget of 0"),
        ({"patients": 5}, "patients are given"),
        ({"phantom": "knee"}, "no phantom 'knee'"),
    ],
)
def test_wrong_arguments(tmp_path: Path, wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        small(tmp_path / "demo", **{"lesions": 50, **wrong})
    assert not list(tmp_path.iterdir())


def test_folder_of_another_set_is_refused(skins: Path, tmp_path: Path) -> None:
    before = (skins / "datalist.json").stat().st_mtime_ns
    assert small(skins) == skins
    with pytest.raises(InputError, match="was made with"):
        small(skins, lesions=70)
    with pytest.raises(InputError, match="was made with"):
        make_demo(skins, patients=3, image_size=SIZE)
    assert (skins / "datalist.json").stat().st_mtime_ns == before
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="not a demo data set"):
        small(tmp_path)


def test_demo_dir_makes_the_set_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(dataset, "make_demo", lambda folder, phantom: small(folder, phantom=phantom, lesions=50))
    bundle = tmp_path / "bundles" / "some"
    bundle.mkdir(parents=True)
    folder = demo_dir(bundle, "dermoscopy")
    assert Path(folder) == (tmp_path / "data" / "demo_dermoscopy").resolve()
    assert "simulated dermoscopy" in capsys.readouterr().out
    assert DataList.load(folder).task == "multiclass"
    assert demo_dir(bundle, "dermoscopy") == folder
    assert not capsys.readouterr().out
    with pytest.raises(InputError, match="no phantom"):
        demo_dir(bundle, "knee")


def test_a_count_is_not_taken_for_a_fraction(tmp_path: Path) -> None:
    small(tmp_path / "demo", lesions=50, budget=1)
    with pytest.raises(InputError, match=r"was made with .*'budget': 1,.* not with .*'budget': 1\.0,"):
        small(tmp_path / "demo", lesions=50, budget=1.0)


@pytest.mark.parametrize(
    "changes", [{"generator": 0}, {"generator": None}, {"phantom": None}, {"phantom": "knee"}, {"phantom": "head"}]
)
def test_demo_dir_refuses_images_of_another_release(skins: Path, tmp_path: Path, changes: dict[str, Any]) -> None:
    bundle, folder = tmp_path / "bundles" / "some", tmp_path / "data" / "demo_dermoscopy"
    shutil.copytree(skins, folder)
    assert demo_dir(bundle, "dermoscopy") == str(folder.resolve())  # of other numbers than by default
    content = json.loads((folder / "datalist.json").read_text(encoding="utf-8"))
    made = content["provenance"]["parameters"] | changes
    content["provenance"]["parameters"] = {key: value for key, value in made.items() if value is not None}
    (folder / "datalist.json").write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        demo_dir(bundle, "dermoscopy")
    assert str(caught.value).startswith(f"{folder.resolve()}: this is not the demo data set")
    assert "Remove this folder" in str(caught.value)
    assert len(list((folder / "images").iterdir())) == len(truth(skins))


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = [
        "demo",
        "--phantom",
        "dermoscopy",
        "--lesions",
        "50",
        "--seed",
        "2",
        "--budget",
        "9",
        "--image_size",
        "32",
    ]
    assert main([*options, "--output", str(tmp_path / "demo")]) == 0
    assert "demo_dermoscopy: multiclass labels (classes: 7), XC images" in capsys.readouterr().out
    made = json.loads((tmp_path / "demo" / "datalist.json").read_text())["provenance"]
    assert made["counts"]["labeled"] == made["parameters"]["budget"] == 9
    assert made["parameters"]["image_size"] == 32
    assert main([*options, "--patients", "5", "--output", str(tmp_path / "other")]) == 2
    assert "patients are given, but the dermoscopy demo is made of lesions" in capsys.readouterr().err
