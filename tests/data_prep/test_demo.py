import argparse
import hashlib
import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from monai.data import load_decathlon_datalist
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from data_prep.datasets.rsna_labels import HEMORRHAGE_TYPES, read_labels
from data_prep.demo import add_arguments, content, dataset, demo_dir, make_demo, run
from data_prep.demo.anatomy import Anatomy, make_anatomy
from data_prep.demo.bleeds import BLEEDS
from data_prep.demo.head import Head, make_head
from data_prep.demo.phantom import make_phantom
from data_prep.demo.scanners import SCANNERS, scanner_of
from monai_ssl.data.datalist import DataList
from monai_ssl.errors import InputError

PATIENTS, SIZE, SLICES = 10, 48, 12


def small(folder: Path, **changes: Any) -> Path:
    return make_demo(folder, **{"patients": PATIENTS, "image_size": SIZE, "progress": False, **changes})


def digests(folder: Path) -> dict[str, str]:
    return {
        file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small(tmp_path_factory.mktemp("first") / "demo")


@pytest.fixture(scope="session")
def head() -> tuple[Head, Anatomy]:
    rng = np.random.default_rng(3)
    head = make_head(rng, 64, SLICES)
    return head, make_anatomy(rng, head)


def test_images_are_ct_image_storage(demo: Path) -> None:
    instances, series = set(), set()
    for file in (demo / "images").iterdir():
        image = pydicom.dcmread(file)
        assert image.file_meta.MediaStorageSOPClassUID == image.SOPClassUID == CTImageStorage
        assert image.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
        assert image.file_meta.MediaStorageSOPInstanceUID == image.SOPInstanceUID
        assert image.SOPInstanceUID.is_valid
        assert image.Modality == "CT"
        assert image.pixel_array.shape == (SIZE, SIZE)
        assert image.PatientID.startswith("DEMO")
        assert not image.StudyDate
        instances.add(image.SOPInstanceUID)
        series.add((image.PatientID, image.SeriesInstanceUID, image.StudyInstanceUID, image.FrameOfReferenceUID))
    assert len(instances) == PATIENTS * SLICES
    assert len(series) == PATIENTS


def test_stored_pixels_are_the_phantom(demo: Path) -> None:
    rounding = {"Phantom C": 1.0, "Phantom E": 0.25}  # half a stored step
    seen = set()
    for file in (demo / "images").iterdir():
        image = pydicom.dcmread(file)
        patient = int(image.PatientID[4:]) - 1
        if image.InstanceNumber != 6:
            continue
        hu = make_phantom(0, patient, SIZE, SLICES).hu[5]
        value = image.pixel_array * float(image.RescaleSlope) + float(image.RescaleIntercept)
        if image.PhotometricInterpretation == "MONOCHROME1":
            value = -value
        inside = slice(12, 36)  # the round field of view is larger
        limits = 3071 if image.BitsStored == 12 else np.inf
        error = np.abs(value - np.minimum(hu, limits))[inside, inside]
        assert error.max() <= rounding.get(image.ManufacturerModelName, 0.5) + 1e-3
        seen.add(image.ManufacturerModelName)
    assert seen == {f"Phantom {letter}" for letter in "ABCDEF"}


def test_headers_are_of_several_kinds(demo: Path) -> None:
    images = [pydicom.dcmread(file, stop_before_pixels=True) for file in (demo / "images").iterdir()]
    assert {float(image.RescaleSlope) for image in images} == {0.5, 1, 2}
    assert len({float(image.RescaleIntercept) for image in images}) >= 3
    assert {image.BitsStored for image in images} == {12, 16}
    assert {image.PixelRepresentation for image in images} == {0, 1}
    assert any(isinstance(image.WindowCenter, pydicom.multival.MultiValue) for image in images)
    assert len({image.PatientID for image in images if image.PhotometricInterpretation == "MONOCHROME1"}) == 1


def test_header_window_shows_the_brain_grey_and_the_skull_white(demo: Path) -> None:
    for file in (demo / "images").iterdir():
        image = pydicom.dcmread(file)
        if image.InstanceNumber != 8:
            continue
        value = image.pixel_array * float(image.RescaleSlope) + float(image.RescaleIntercept)
        center = float(np.ravel(image.WindowCenter)[0])
        width = float(np.ravel(image.WindowWidth)[0])
        shown = np.clip((value - center) / width + 0.5, 0, 1)
        if image.PhotometricInterpretation == "MONOCHROME1":
            shown = 1 - shown
        assert 0.2 < np.median(shown[16:32, 18:30]) < 0.75
        assert shown[:, 24].max() == 1
        assert shown[0, 0] == 0


def test_padding_lies_outside_a_circle() -> None:
    scanner = next(scanner for scanner in SCANNERS if scanner.padding is not None)
    stored = scanner.store(np.zeros((1, 9, 9), np.float32))[0]
    assert stored[0, 0] == stored[8, 8] == -2000
    assert stored[4, 0] == stored[0, 4] == stored[4, 4] == -scanner.intercept


def test_stored_values_stay_in_their_bits() -> None:
    for scanner in (*SCANNERS, scanner_of(6)):
        stored = scanner.store(np.array([[[-1e6, 1e6], [1e6, 1e6]]], np.float32))
        top = 2 ** (scanner.bits - scanner.signed) - 1
        assert stored.max() == top
        assert stored.min() in (0, -top - 1, -2000)


def test_datalist_and_labels(demo: Path) -> None:
    labels = read_labels(demo / "labels.csv")
    data = DataList.load(demo)
    assert data.labels == HEMORRHAGE_TYPES
    assert set(labels) == {file.stem for file in (demo / "images").iterdir()}
    lists = {"labeled": data.labeled, "unlabeled": data.unlabeled, "validation": data.validation, "test": data.test}
    assert sum(map(len, lists.values())) == len(labels)
    # 10 patients: 6, 2 and 2; 10 % of 72 images is 7, more where a type would have no positive.
    assert len(data.validation) == len(data.test) == 2 * SLICES
    assert 7 <= len(data.labeled) < 36
    for name, entries in lists.items():
        for entry in entries:
            expected = None if name == "unlabeled" else list(labels[Path(entry["image"]).stem])
            assert entry.get("label") == expected
    owners = [{entry["patient"] for entry in lists[name]} for name in ("unlabeled", "validation", "test")]
    assert sum(map(len, owners)) == len(set.union(*owners)) == PATIENTS
    read = load_decathlon_datalist(demo / "datalist.json", data_list_key="labeled", base_dir=demo)
    assert [Path(entry["image"]).resolve() for entry in read] == [Path(e["image"]).resolve() for e in data.labeled]


def test_pseudonym_belongs_to_one_patient(demo: Path) -> None:
    data = DataList.load(demo)
    for entry in (*data.labeled, *data.unlabeled, *data.validation, *data.test):
        assert pydicom.dcmread(entry["image"], stop_before_pixels=True).PatientID[4:] == entry["patient"][1:]
    assert "DEMO" not in (demo / "datalist.json").read_text(encoding="utf-8")


def test_same_seed_gives_the_same_bytes(demo: Path, tmp_path: Path) -> None:
    assert digests(small(tmp_path / "again")) == digests(demo)
    assert digests(small(tmp_path / "other", seed=1)) != digests(demo)


def test_release_is_the_one_that_earlier_versions_made(demo: Path) -> None:
    made = DataList.load(demo).provenance
    assert made["parameters"] == {"generator": 1, "seed": 0, "patients": 10, "budget": 0.1, "image_size": 48}
    assert made["command"] == "python -m data_prep demo --seed 0 --patients 10 --budget 0.1 --image_size 48"
    assert made["counts"] == {"labeled": 12, "unlabeled": 60, "validation": 24, "test": 24}
    labels = hashlib.sha256((demo / "labels.csv").read_bytes()).hexdigest()
    assert labels == made["sha256"]["labels.csv"] == "a4f62bb905836a087adcf285419a91fbb400599b6c63186a1c2d30ffd11aeff2"


def test_complete_demo_is_kept(demo: Path) -> None:
    before = (demo / "datalist.json").stat().st_mtime_ns
    assert small(demo) == demo
    assert (demo / "datalist.json").stat().st_mtime_ns == before
    with pytest.raises(InputError, match="was made with"):
        small(demo, seed=5)


def test_other_content_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="not a demo data set"):
        small(tmp_path)
    with pytest.raises(InputError, match="not a demo data set"):
        small(tmp_path / "notes.txt")
    assert [file.name for file in tmp_path.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize("wrong", [{"seed": -1}, {"patients": 1}, {"image_size": 8}, {"budget": 2.0}, {"lesions": 60}])
def test_wrong_arguments(tmp_path: Path, wrong: dict[str, float]) -> None:
    with pytest.raises(InputError):
        small(tmp_path / "demo", **{"patients": 3, **wrong})
    assert not list(tmp_path.iterdir())


def test_interrupted_run_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(seed: int, patient: int, size: int, slices: int) -> object:
        if patient == 1:
            raise KeyboardInterrupt
        return make_phantom(seed, patient, size, slices)

    monkeypatch.setattr(content, "make_phantom", stop)
    with pytest.raises(KeyboardInterrupt):
        small(tmp_path / "demo", patients=3)
    assert not list(tmp_path.iterdir())


def test_two_at_once_end_well(tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: small(tmp_path / "demo", patients=3), range(2))
    assert first == second
    assert [file.name for file in tmp_path.iterdir()] == ["demo"]
    assert len(list((first / "images").iterdir())) == 3 * SLICES


def test_demo_dir_makes_the_set_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(dataset, "make_demo", lambda folder, phantom: small(folder, phantom=phantom, patients=3))
    bundle = tmp_path / "bundles" / "some"
    bundle.mkdir(parents=True)
    assert Path(demo_dir(bundle)) == (tmp_path / "data" / "demo").resolve()
    assert capsys.readouterr().out.count("\n") == 1
    assert (tmp_path / "data" / "demo" / "datalist.json").is_file()
    demo_dir(str(bundle))
    assert not capsys.readouterr().out


@pytest.mark.parametrize(
    ("folder", "expected"),
    [("bundles/noteacher", "data/demo"), ("noteacher_v0.1.0", "noteacher_v0.1.0/data/demo")],
)
def test_the_demo_of_a_bundle_by_itself_is_inside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str, expected: str
) -> None:
    monkeypatch.setattr(dataset, "make_demo", lambda folder, phantom: None)
    bundle = tmp_path / folder
    (bundle / "configs").mkdir(parents=True)
    (bundle / "configs" / "metadata.json").write_text("{}")
    assert demo_dir(bundle) == str(tmp_path.resolve() / expected)


@pytest.mark.parametrize(
    "provenance", [None, {}, {"parameters": {"generator": 0}}, {"parameters": {"phantom": "knee"}}]
)
def test_demo_dir_refuses_an_older_or_another_data_set(tmp_path: Path, provenance: dict[str, Any] | None) -> None:
    folder = tmp_path / "data" / "demo"
    folder.mkdir(parents=True)
    (folder / "datalist.json").write_text(json.dumps({"provenance": provenance}))
    with pytest.raises(
        InputError, match=f"^{re.escape(str(folder.resolve()))}: this is not .*simulated head CT.*Remove"
    ):
        demo_dir(tmp_path / "bundles" / "some")
    assert [file.name for file in folder.iterdir()] == ["datalist.json"]


@pytest.mark.parametrize(("text", "budget"), [("0.2", 0.2), ("9", 9)])
def test_command(tmp_path: Path, text: str, budget: float, capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    run(parser.parse_args(["--output", str(tmp_path / "demo"), "--patients", "3", "--seed", "2", "--budget", text]))
    made = json.loads((tmp_path / "demo" / "datalist.json").read_text())["provenance"]
    assert made["parameters"]["budget"] == budget
    assert made["command"].endswith(f"--seed 2 --patients 3 --budget {text}")  # the size is the default
    assert "labeled" in capsys.readouterr().out


def test_anatomy_has_the_densities_of_a_head() -> None:
    middle = make_phantom(0, 0, 64, SLICES).hu[6]
    assert np.median(middle[20:44, 22:42]) == pytest.approx(32, abs=8)  # brain
    assert middle[:, 32].max() > 600  # skull
    assert middle[0, 0] == pytest.approx(-1000, abs=40)  # air


def test_set_has_normal_patients_and_every_type() -> None:
    labels = np.stack([make_phantom(0, patient, 32, SLICES).labels for patient in range(20)])
    assert (labels.max(axis=(1, 2)) == 0).mean() == pytest.approx(0.4, abs=0.1)
    assert labels.any(axis=(0, 1)).all()
    assert (labels.sum(axis=2) > 1).any()


def draws(name: str, head: tuple[Head, Anatomy]) -> list[np.ndarray]:
    draw: Callable[..., np.ndarray] = BLEEDS[name]
    masks = [draw(np.random.default_rng(seed), *head) for seed in range(12)]
    assert not any((mask & ~head[1].brain).any() for mask in masks)
    return [mask for mask in masks if mask.any()]


def test_epidural_is_a_thick_lens_at_the_skull(head: tuple[Head, Anatomy]) -> None:
    for mask in draws("epidural", head):
        depth = head[0].depth[mask]
        assert depth.min() < 4
        assert 8 < depth.max() < 27


def test_subdural_is_a_thin_crescent_on_one_side(head: tuple[Head, Anatomy]) -> None:
    for mask in draws("subdural", head):
        sides = np.sign(head[0].x[mask])
        assert (sides == sides[0]).all()
        assert np.percentile(np.minimum(head[0].depth, np.abs(head[0].x))[mask], 95) < 16


def test_intraventricular_fills_ventricles_only(head: tuple[Head, Anatomy]) -> None:
    assert not any((mask & ~head[1].ventricles).any() for mask in draws("intraventricular", head))


def test_subarachnoid_follows_the_cisterns(head: tuple[Head, Anatomy]) -> None:
    for mask in draws("subarachnoid", head):
        assert not (mask & head[1].ventricles).any()
        assert (mask & head[1].cisterns).sum() > 0.3 * mask.sum()


def test_intraparenchymal_lies_within_the_brain(head: tuple[Head, Anatomy]) -> None:
    for mask in draws("intraparenchymal", head):
        assert head[0].depth[mask].min() > 5
        assert not (mask & head[1].ventricles).any()
