"""From a release to a trained network: every data set's command, the checker, and two iterations of the baseline."""

import os
from pathlib import Path
from typing import Any

import pytest

from data_prep.__main__ import main
from monai_ssl.data import DataList
from tests.bundles.helpers import run_bundle, small
from tests.data_prep.releases import RELEASES

EXPECTED = {
    "rsna": ("multilabel", 5, 1, 2, "CT"),
    "nih14": ("multilabel", 14, 1, 2, "DX"),
    "isic2018": ("multiclass", 7, 3, 2, "XC"),
    "chest": ("joint", 3, 1, 2, "DX"),
    "spine": ("joint", 2, 1, 2, "DX"),
    "brats": ("segmentation", 3, 4, 3, "MR"),
    "la": ("segmentation", 1, 1, 3, "MR"),
    "hippocampus": ("segmentation", 2, 1, 3, "MR"),
    "medmnist": ("multiclass", 2, 1, 3, "CT"),
    "cifar10": ("multiclass", 10, 3, 2, "OT"),
    "mnist": ("multiclass", 10, 1, 2, "OT"),
}
"""Task, number of classes, channels, dimensions and modality."""


def check_and_train(output: Path, tmp_path: Path, **more: Any) -> DataList:
    """The checker finds nothing wrong, and the supervised bundle takes two steps."""
    assert main(["check", str(output), "--workers=1"]) == 0
    assert (output / "datalist.png").stat().st_size > 5000
    datalist = DataList.load(output)
    overlays = ("train", "segmentation") if datalist.task == "segmentation" else ("train",)
    size = 16 if datalist.spatial_dims == 3 else 32
    overrides = small(output, tmp_path / "run", max_epochs=1, image_size=size, batch_size=2, cache_rate=0.0)
    ran = run_bundle("supervised", overlays, "train", **overrides, **more, **{"train#trainer#epoch_length": 2})
    assert ran.parser.get_parsed_content("train#trainer").state.iteration == 2
    return datalist


@pytest.mark.parametrize("name", RELEASES)
def test_release(name: str, tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    RELEASES[name](tmp_path / "source")
    arguments = [f"--source={tmp_path / 'source'}", f"--output={tmp_path / 'out'}", "--budget=0.5", "--workers=1"]
    own = ["--jsrt_size=64"] if name == "chest" else []
    assert main([name, *arguments, "--validation_budget=1.0", "--fractions=0.5,0.25,0.25", *own]) == 0
    assert not (tmp_path / "out/rejected.csv").exists()
    datalist = check_and_train(tmp_path / "out", tmp_path)
    found = (datalist.task, datalist.num_classes, datalist.channels, datalist.spatial_dims, datalist.modality)
    assert found == EXPECTED[name]
    assert datalist.unlabeled
    assert datalist.test
    written = (
        "".join(path.name for path in (tmp_path / "out").rglob("*")) + (tmp_path / "out/datalist.json").read_text()
    )
    patients = {entry["patient"] for entry in datalist.entries()}
    assert not any("PATIENT" in patient or "SUBJECT" in patient for patient in patients)
    assert "PATIENT" not in written


def real(name: str) -> Path:
    root = os.environ.get("MONAI_SSL_DATA")
    if not root or not Path(root, name).exists():
        pytest.skip("MONAI_SSL_DATA names no folder with this data set")
    return Path(root, name)


REAL = {
    "nih14_256": "nih14",
    "nih14_64": "nih14",
    "isic2018": "isic2018",
    "shenzhen": "chest",
    "brats2015": "brats",
    "la2018": "la",
    "hippocampus": "hippocampus",
    "medmnist": "medmnist",
}


@pytest.mark.parametrize("name", REAL)
def test_real_images(name: str, tmp_path: Path) -> None:
    arguments = [f"--source={real(name)}", f"--output={tmp_path / 'out'}", "--budget=0.3", "--workers=1"]
    assert main([REAL[name], *arguments, "--validation_budget=1.0", "--fractions=0.5,0.25,0.25"]) == 0
    check_and_train(tmp_path / "out", tmp_path)


@pytest.mark.parametrize("name", ["head_ct", "rsna_ich", "mr_brain", "dicom_variety"])
def test_real_folder(name: str, tmp_path: Path) -> None:
    """Folders without labels of their own get some; the patient of each image is invented too.

    The variety has every modality, several frames and objects without an image: what is no 2D image is set aside.
    """
    folder = real(name)
    rows = [
        f"{path.relative_to(folder).as_posix()},{index % 2},{index}"
        for index, path in enumerate(sorted(folder.rglob("*")))
        if path.is_file() and path.suffix != ".csv"
    ]
    (tmp_path / "labels.csv").write_text("\n".join(["image,label,patient", *rows]) + "\n")
    arguments = [f"--source={folder}", f"--labels={tmp_path / 'labels.csv'}", f"--output={tmp_path / 'out'}"]
    variety = ["--modality=OT", "--max_bad=0.4"] if name == "dicom_variety" else []
    options = ["--budget=0.5", "--validation_budget=1.0", "--fractions=0.4,0.4,0.2", "--workers=1", "--copy"]
    assert main(["folder", *arguments, *options, *variety]) == 0
    datalist = check_and_train(tmp_path / "out", tmp_path, windows=["full"])
    assert sum(1 for _ in datalist.entries()) > (50 if name == "dicom_variety" else 0.7 * len(rows))
