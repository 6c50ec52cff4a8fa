import copy
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from monai.data import load_decathlon_datalist

from monai_ssl.data import DataList
from monai_ssl.errors import InputError

Content = dict[str, Any]


@pytest.fixture
def content(tmp_path: Path) -> Content:
    (tmp_path / "images").mkdir()
    for index in range(6):
        (tmp_path / f"images/{index}.png").touch()

    def entry(index: int, **more: Any) -> Content:
        return {"image": f"images/{index}.png", "patient": f"p{index}", **more}

    return {
        "name": "tiny",
        "task": "multilabel",
        "labels": ["edema", "mass"],
        "modality": "DX",
        "channels": 1,
        "spatial_dims": 2,
        "labeled": [entry(0, label=[1, 0]), entry(1, label=[-1, 1])],
        "unlabeled": [entry(2)],
        "validation": [entry(3, label=[1, 1]), entry(4, label=[1, -1])],
        "test": [entry(5, label=[0, 0])],
        "provenance": {"seed": 0},
    }


def write(folder: Path, content: Any) -> None:
    (folder / "datalist.json").write_text(json.dumps(content), encoding="utf-8")


def test_load(tmp_path: Path, content: Content) -> None:
    write(tmp_path, content)
    datalist = DataList.load(tmp_path)
    assert datalist.labels == ("edema", "mass")
    assert datalist.num_classes == 2
    assert datalist.provenance == {"seed": 0}
    assert datalist.labeled[1] == {"image": str(tmp_path / "images/1.png"), "patient": "p1", "label": [-1, 1]}


def test_save_gives_the_same_file(tmp_path: Path, content: Content) -> None:
    write(tmp_path, content)
    file = DataList.load(tmp_path).save(tmp_path)
    assert json.loads(file.read_text()) == content
    assert list(json.loads(file.read_text())) == list(content)  # the order of the keys too


def test_images_elsewhere_keep_absolute_paths(tmp_path: Path, content: Content) -> None:
    write(tmp_path, content)
    datalist = DataList.load(tmp_path)
    other = tmp_path / "other"
    assert datalist.save(other) == other / "datalist.json"
    assert json.loads((other / "datalist.json").read_text())["test"][0]["image"] == str(tmp_path / "images/5.png")
    assert DataList.load(other) == datalist


def test_relative_folder(tmp_path: Path, content: Content, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, content)
    monkeypatch.chdir(tmp_path.parent)
    assert DataList.load(tmp_path.name) == DataList.load(tmp_path)


def test_monai_reads_it(tmp_path: Path, content: Content) -> None:
    write(tmp_path, content)
    read = load_decathlon_datalist(
        tmp_path / "datalist.json", is_segmentation=False, data_list_key="labeled", base_dir=tmp_path
    )
    assert [str(entry["image"]) for entry in read] == [entry["image"] for entry in DataList.load(tmp_path).labeled]


def test_summary(tmp_path: Path, content: Content) -> None:
    write(tmp_path, content)
    assert DataList.load(tmp_path).summary().splitlines() == [
        "tiny: multilabel labels (classes: 2), DX images (2D, channels: 1)",
        "  labeled           2 images of 2 patients",
        "  unlabeled         1 images of 1 patients",
        "  validation        2 images of 2 patients",
        "  test              1 images of 1 patients",
        "  positives  labeled  validation",
        "  edema            1           2",
        "  mass             1           1",
    ]


def test_multiclass_and_segmentation(tmp_path: Path, content: Content, caplog: pytest.LogCaptureFixture) -> None:
    for key, label in (("labeled", 1), ("validation", 0), ("test", -1)):
        for entry in content[key]:
            entry["label"] = label
    write(tmp_path, content | {"task": "multiclass"})
    assert "mass             2           0" in DataList.load(tmp_path).summary()
    assert "no labeled image is positive for edema." in caplog.text

    for key in ("labeled", "validation", "test"):
        for entry in content[key]:
            entry["label"] = entry["image"].replace("images", "masks")
    (tmp_path / "images").rename(tmp_path / "masks")
    (tmp_path / "images").mkdir()
    for index in range(6):
        (tmp_path / f"images/{index}.png").touch()
    regions = {"edema": [1, 2], "mass": [2]}
    write(tmp_path, content | {"task": "segmentation", "masks": regions})
    assert DataList.load(tmp_path).masks == regions
    assert DataList.load(tmp_path).label_task == "multilabel"
    assert DataList.load(tmp_path).labeled[0]["label"] == str(tmp_path / "masks/0.png")
    (tmp_path / "masks/5.png").unlink()
    with pytest.raises(InputError, match=r"missing, the first is masks/5\.png"):
        DataList.load(tmp_path)


def test_joint(tmp_path: Path, content: Content) -> None:
    """A class, -1 for none, and a mask where there is one."""
    content |= {"task": "joint", "masks": {"lung": [255]}}
    for number, key in enumerate(("labeled", "validation", "test")):
        for entry in content[key]:
            entry["label"] = number - 1
    content["test"][0]["mask"] = "mask.png"
    (tmp_path / "mask.png").touch()
    write(tmp_path, content)
    datalist = DataList.load(tmp_path)
    assert datalist.test[0]["mask"] == str(tmp_path / "mask.png")
    assert "mask" not in datalist.labeled[0]
    assert datalist.label_task == "multiclass"
    content["test"][0]["label"] = [0, 1]
    write(tmp_path, content)
    with pytest.raises(InputError, match=r"test\[0\] has the label .* Give it a class from 0 to 1"):
        DataList.load(tmp_path)


@pytest.mark.parametrize(
    ("masks", "message"),
    [
        ({"labeled": "images/0.png"}, r"labeled\[0\] has its image as its mask"),
        ({"labeled": "images/../images/5.png"}, r"test\[0\] and labeled\[0\] have one file as image and mask"),
        ({"labeled": "m.png", "test": "./m.png"}, r"labeled\[0\] and test\[0\] have the same mask"),
    ],
)
def test_masks_of_their_own(tmp_path: Path, content: Content, masks: dict[str, str], message: str) -> None:
    content |= {"task": "joint", "masks": {"lung": [255]}}
    for key in ("labeled", "validation", "test"):
        for entry in content[key]:
            entry["label"] = 0
    for key, mask in masks.items():
        content[key][0]["mask"] = mask
    write(tmp_path, content)
    with pytest.raises(InputError, match=message):
        DataList.load(tmp_path)


def test_several_files_an_image(tmp_path: Path, content: Content) -> None:
    """The modalities of a study are a list of files, each of which is checked and kept relative."""
    pair = [content["test"][0]["image"], content["labeled"][0]["image"]]
    content |= {"channels": 2}
    content["test"][0]["image"] = [pair[0], "images/t2.png"]
    write(tmp_path, content)
    with pytest.raises(InputError, match=r"missing, the first is images/t2\.png"):
        DataList.load(tmp_path)
    (tmp_path / "images/t2.png").touch()
    datalist = DataList.load(tmp_path)
    assert datalist.test[0]["image"] == [str(tmp_path / pair[0]), str(tmp_path / "images/t2.png")]
    assert datalist.content(tmp_path)["test"][0]["image"] == [pair[0], "images/t2.png"]
    content["test"][0]["image"] = pair
    write(tmp_path, content)
    with pytest.raises(InputError, match="are the same image"):
        DataList.load(tmp_path)


@pytest.mark.parametrize(
    ("provenance", "expected"),
    [
        ({}, []),
        ({"source": {}}, []),
        ({"source": "x"}, []),
        ({"source": {"modalities": ["flair", "t1"]}}, ["flair", "t1"]),
    ],
)
def test_modalities_come_from_the_provenance(
    tmp_path: Path, content: Content, provenance: dict[str, Any], expected: list[str]
) -> None:
    write(tmp_path, content | {"provenance": provenance})
    assert DataList.load(tmp_path).modalities == expected


def test_other_regions_give_another_digest(tmp_path: Path, content: Content) -> None:
    write(tmp_path, content)
    datalist = DataList.load(tmp_path)
    assert replace(datalist, masks={"a": [1]}).digest != replace(datalist, masks={"a": [2]}).digest
    assert replace(datalist, name="other").digest == datalist.digest


def test_paths_below_a_common_folder_are_relative(tmp_path: Path, content: Content) -> None:
    """Several lists in folders beside the images they share."""
    write(tmp_path, content)
    datalist = DataList.load(tmp_path)
    datalist.save(tmp_path / "lists/one", base=tmp_path)
    written = json.loads((tmp_path / "lists/one/datalist.json").read_text())
    assert written["test"][0]["image"] == f"../../{content['test'][0]['image']}"
    assert DataList.load(tmp_path / "lists/one") == datalist


def test_warns_of_a_class_without_positive(tmp_path: Path, content: Content, caplog: pytest.LogCaptureFixture) -> None:
    content["labeled"][0]["label"] = [-1, 0]
    write(tmp_path, content)
    DataList.load(tmp_path)
    assert "no labeled image is positive for edema." in caplog.text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c.pop("labeled"), "labeled is missing"),
        (lambda c: c.update(task="detection"), "'detection' is not known"),
        (lambda c: c.update(labels=["edema", "edema"]), "occurs twice in labels"),
        (lambda c: c.update(labels=[]), "labels is not a list"),
        (lambda c: c.update(modality=""), "modality is not a text"),
        (lambda c: c.update(channels=0), "channels is 0"),
        (lambda c: c.update(masks={"lung": [255]}), "masks are named, but the task is multilabel"),
        (lambda c: c.update(task="segmentation"), "masks does not name the values"),
        (lambda c: c.update(task="segmentation", masks={"edema": [0], "mass": [1]}), "masks does not name the values"),
        (lambda c: c.update(task="segmentation", masks={"mass": [2], "edema": [1]}), "names in masks differ"),
        (lambda c: c.update(masks=None), "masks does not name the values of regions"),
        (lambda c: c["test"][0].update(image="\ud800.png"), r"test\[0\] has a path or a patient that is no text"),
        (lambda c: c["test"][0].update(image="a\0.png"), r"test\[0\] has a path or a patient that is no text"),
        (lambda c: c["test"][0].update(mask="m.png"), r"test\[0\] has a mask that"),
        (lambda c: c["test"][0].update(image=[]), r"test\[0\] is not an entry"),
        (lambda c: c.update(spatial_dims=4), "spatial_dims is 4"),
        (lambda c: c.update(test={}), "test is not a list"),
        (lambda c: c.update(labeled=[]), "the labeled list is empty"),
        (lambda c: c.update(validation=[]), "the validation list is empty"),
        (lambda c: c["labeled"][1].update(label=[1, 2]), r"labeled\[1\] has the label \[1, 2\].* 2 values"),
        (lambda c: c["labeled"][1].update(label=[1]), r"labeled\[1\] has the label \[1\]"),
        (lambda c: c["labeled"][1].update(label=[True, 0]), r"labeled\[1\] has the label"),
        (lambda c: c["test"][0].pop("label"), r"test\[0\] has the label None"),
        (lambda c: c.update(task="multiclass"), r"labeled\[0\] has the label \[1, 0\]. Give it a class from 0 to 1"),
        (lambda c: c["unlabeled"][0].update(label=[1, 0]), r"unlabeled\[0\] has a label"),
        (lambda c: c["unlabeled"][0].pop("patient"), r"unlabeled\[0\] is not an entry"),
        (lambda c: c["test"][0].update(patient="p2"), r"unlabeled\[0\] and test\[0\] are of the same patient"),
        (
            lambda c: c["test"][0].update(image="images/../images/2.png"),
            r"unlabeled\[0\] and test\[0\] are the same im",
        ),
        (lambda c: c["test"][0].update(image="images/7.png"), r"1 file is missing, the first is images/7\.png"),
    ],
)
def test_bad_content(tmp_path: Path, content: Content, change: Callable[[Content], Any], message: str) -> None:
    write(tmp_path, content)
    good = DataList.load(tmp_path)
    bad = copy.deepcopy(content)
    change(bad)
    write(tmp_path, bad)
    with pytest.raises(InputError, match=message) as caught:
        DataList.load(tmp_path)
    assert str(tmp_path / "datalist.json") in str(caught.value)
    assert good.unlabeled[0]["patient"] not in str(caught.value).replace(str(tmp_path), "")


def test_counts_missing_files(tmp_path: Path, content: Content) -> None:
    write(tmp_path, content)
    for index in (1, 3, 5):
        (tmp_path / f"images/{index}.png").unlink()
    with pytest.raises(InputError, match=r"3 files are missing, the first is images/1\.png"):
        DataList.load(tmp_path)


def test_labeled_and_unlabeled_may_share_a_patient(tmp_path: Path, content: Content) -> None:
    content["unlabeled"][0]["patient"] = "p0"
    write(tmp_path, content)
    assert DataList.load(tmp_path).unlabeled[0]["patient"] == "p0"


def test_no_unlabeled_images(tmp_path: Path, content: Content) -> None:
    content["unlabeled"] = []
    write(tmp_path, content)
    assert DataList.load(tmp_path).unlabeled == []


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no such folder.*python -m data_prep demo.*python -m data_prep folder"):
        DataList.load(tmp_path / "absent")
    with pytest.raises(InputError, match=r"is empty.*python -m data_prep"):
        DataList.load(tmp_path)
    (tmp_path / "image.png").touch()
    with pytest.raises(InputError, match=r"holds no datalist\.json.*python -m data_prep"):
        DataList.load(tmp_path)


@pytest.mark.parametrize("text", ["{", "[]", ""])
def test_broken_json(tmp_path: Path, text: str) -> None:
    (tmp_path / "datalist.json").write_text(text)
    with pytest.raises(InputError, match=r"datalist\.json: this file is damaged"):
        DataList.load(tmp_path)


def test_save_checks_first(tmp_path: Path, content: Content) -> None:
    write(tmp_path, content)
    datalist = DataList.load(tmp_path)
    datalist.labeled[0]["label"] = [7, 7]
    with pytest.raises(InputError, match=r"labeled\[0\]"):
        datalist.save(tmp_path)
    assert json.loads((tmp_path / "datalist.json").read_text()) == content
