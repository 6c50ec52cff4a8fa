"""The overlays that train, evaluate and use the bundles of classification on masks."""

import csv
import json

import nibabel as nib
import numpy as np
import pytest
import torch
from PIL import Image

from data_prep.__main__ import main
from monai_ssl.data import DataList
from monai_ssl.readers.mask import read_mask
from tests.bundles.helpers import MAIN, SEGMENTING, is_of_its_model, run_bundle, small, small_volumes, workflow

COUNT = 40


@pytest.fixture(scope="module")
def discs(tmp_path_factory):
    """Noisy pictures of a bright disc with a brighter core, and the masks of half of them."""
    folder = tmp_path_factory.mktemp("discs")
    for name in ("images", "masks", "out"):
        (folder / name).mkdir()
    rows, columns = np.mgrid[:32, :32]
    for index in range(COUNT):
        generator = np.random.default_rng(index)
        center, radius = generator.uniform(10, 22, 2), generator.uniform(5, 9)
        distance = np.hypot(rows - center[0], columns - center[1])
        mask = (distance < radius).astype(np.uint8) + (distance < radius / 2)
        pixels = np.clip(60 + 60 * mask + generator.normal(0, 10, mask.shape), 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"images/{index:02d}.png")
        if index < COUNT // 2:
            Image.fromarray(mask).save(folder / f"masks/{index:02d}.png")
    arguments = [f"--source={folder / 'images'}", f"--masks={folder / 'masks'}", f"--output={folder / 'out'}"]
    regions = ["--regions=disc=1+2,core=2", "--unlabeled_rest", "--budget=0.9", "--validation_budget=1.0"]
    assert main(["folder", *arguments, *regions, "--fractions=0.6,0.2,0.2", "--workers=1"]) == 0
    return folder / "out"


TRAIN = ("train", "segmentation")
EVALUATE = (*TRAIN, "segmentation_evaluate")
REGIONS = ["whole tumor", "tumor core", "enhancing tumor"]


@pytest.fixture(
    scope="module", params=[pytest.param(name, marks=pytest.mark.xdist_group(f"masks_{name}")) for name in SEGMENTING]
)
def on_volumes(request, brain_tumor, tmp_path_factory):
    """``(name, root, workflow)`` of a bundle after a small training run on volumes of four modalities."""
    root = tmp_path_factory.mktemp(request.param)
    overrides = small_volumes(brain_tumor, root, max_epochs=1)
    return request.param, root, run_bundle(request.param, TRAIN, "train", "training", **overrides)


def test_training_on_volumes(on_volumes):
    name, root, ran = on_volumes
    summary = json.loads((root / "eval/summary.json").read_text())
    assert MAIN[name] in summary["validation"]
    assert list(summary["validation"][MAIN[name]]) == [*REGIONS, "mean"]
    info = json.loads((root / "models/model.json").read_text())
    assert info["modalities"] == ["flair", "t1", "t1ce", "t2"]
    assert info["regions"] == {"whole tumor": [1, 2, 4], "tumor core": [1, 4], "enhancing tumor": [4]}
    assert (info["patch_size"], info["spacing"], info["mask_form"]) == ([16, 16, 16], None, "classes")
    batch = next(iter(ran.parser.get_parsed_content("train#dataloader")))
    for stream in filter(None, batch.values()):
        assert all(view["image"].shape == (2, 4, 16, 16, 16) for view in stream)
        for view in stream[1:]:
            assert not torch.equal(view["image"], stream[0]["image"])
            # What tells the views apart is intensity: the edge of the brain is where it is in both.
            assert torch.corrcoef(torch.stack([view["image"].flatten(), stream[0]["image"].flatten()]))[0, 1] > 0.8
    for key in ("labeled", "unlabeled"):
        assert all("label" not in view for view in batch.get(key, [])) is (key == "unlabeled")


@pytest.mark.parametrize(
    ("names", "kind"), [(TRAIN, "train"), (EVALUATE, "train"), (("segmentation_inference",), "infer")]
)
def test_properties_are_complete(on_volumes, brain_tumor, names, kind):
    name, root, _ = on_volumes
    overrides = small_volumes(brain_tumor, root)
    if kind == "infer":
        overrides = {"bundle_root": str(root), "dataset_dir": str(brain_tumor)}
    assert workflow(name, names, kind, **overrides).check_properties() == []


def test_evaluation_of_masks(on_volumes, brain_tumor):
    name, root, _ = on_volumes
    # Nothing but the folders is named: what the model needs is beside it.
    shared = {"bundle_root": str(root), "dataset_dir": str(brain_tumor), "device": "cpu", "replicates": 20}
    run_bundle(name, EVALUATE, "train", "evaluating", **shared)
    folder = root / "eval/evaluation"
    report = json.loads((folder / "evaluation.json").read_text())
    assert is_of_its_model(report, root)
    assert list(report["classes"]) == REGIONS
    assert report["test"]["images"] == len(DataList.load(brain_tumor).test)
    names = {path.name for path in folder.iterdir()}
    assert {"evaluation.csv", "evaluation.json", "cases.csv", "dice.png", "overlays.png"} <= names
    for region in REGIONS:
        assert 0 <= report["classes"][region]["dice"]["value"] <= 1
        assert report["classes"][region]["hd95"]["value"] > 0


def test_inference_writes_masks_that_lie_on_their_images(on_volumes, brain_tumor):
    name, root, _ = on_volumes
    shared = {"bundle_root": str(root), "dataset_dir": str(brain_tumor / "images"), "device": "cpu"}
    run_bundle(name, ("segmentation_inference",), "infer", "inference", **shared)
    rows = list(csv.DictReader((root / "eval/masks/volumes.csv").open()))
    assert len(rows) == 10
    for row in rows:
        (flair,) = (brain_tumor / "images" / row["image"]).glob("*_flair.nii.gz")
        source, mask = nib.load(flair), nib.load(root / "eval/masks" / row["mask"])
        assert mask.shape == source.shape
        np.testing.assert_allclose(mask.affine, source.affine, atol=1e-5)
        values = np.asarray(mask.dataobj)
        assert set(np.unique(values)) <= {0, 1, 2, 4}
        volume = np.count_nonzero(values) * np.prod(source.header.get_zooms()[:3])
        assert float(row["whole tumor"]) == pytest.approx(volume, rel=1e-4, abs=1e-3)
    assert Image.open(root / "eval/masks/overlays.png").size > (500, 300)


def test_volumes_of_another_spacing(brain_tumor, tmp_path):
    """Resampled for the network, and back on the grid of the file in the end."""
    overrides = small_volumes(brain_tumor, tmp_path, max_epochs=1, spacing=[6.0, 6.0, 8.0], mask_form="regions")
    ran = run_bundle("supervised", TRAIN, "train", "training", **overrides)
    datalist = DataList.load(brain_tumor)
    source = nib.load(datalist.validation[0]["image"][0])
    item = ran.parser.get_parsed_content("validate#dataset")[0]
    extent = np.multiply(source.shape, source.header.get_zooms())
    assert all(np.array(item["image"].shape[1:]) <= np.maximum(16, np.ceil(extent / [6, 6, 8]) + 1))
    shared = {"bundle_root": str(tmp_path), "device": "cpu"}
    run_bundle("supervised", EVALUATE, "train", "evaluating", dataset_dir=str(brain_tumor), replicates=20, **shared)
    assert json.loads((tmp_path / "eval/evaluation/evaluation.json").read_text())["test"]["images"] == 2
    images = str(brain_tumor / "images")
    run_bundle("supervised", ("segmentation_inference",), "infer", "inference", dataset_dir=images, **shared)
    mask = nib.load(next((tmp_path / "eval/masks").rglob("*_mask.nii.gz")))
    assert mask.shape == source.shape
    np.testing.assert_allclose(mask.header.get_zooms(), source.header.get_zooms(), rtol=1e-5)


@pytest.mark.parametrize("form", ["classes", "regions"])
def test_it_learns(discs, tmp_path, form):
    """Pictures: trained, evaluated and used, with exclusive classes and with regions that overlap."""
    settings = {"mask_form": form, "batch_size": 2, "learning_rate": 0.01, "ema_decay": 0.9, "val_interval": 5}
    overrides = small(discs, tmp_path, max_epochs=40, **settings)
    ran = run_bundle("supervised", TRAIN, "train", **overrides)
    rows = list(csv.DictReader((tmp_path / "eval/history.csv").open()))
    assert float(rows[-1]["loss_supervised"]) < 0.5 * float(rows[0]["loss_supervised"])
    summary = json.loads((tmp_path / "eval/summary.json").read_text())
    assert list(summary["validation"]) == ["network", "ema"]
    assert list(summary["validation"]["network"]) == ["disc", "core", "mean"]
    assert summary["best"]["value"] > 0.8
    check_that_masks_lie_on_their_images(ran.parser.get_parsed_content("train#preprocessing"), tmp_path)

    shared = {"bundle_root": str(tmp_path), "device": "cpu"}
    run_bundle("supervised", EVALUATE, "train", "evaluating", dataset_dir=str(discs), replicates=20, **shared)
    report = json.loads((tmp_path / "eval/evaluation/evaluation.json").read_text())
    assert report["mean"]["dice"]["value"] > 0.8
    run_bundle(
        "supervised",
        ("segmentation_inference",),
        "infer",
        "inference",
        dataset_dir=str(discs.parent / "images"),
        **shared,
    )
    masks = tmp_path / "eval/masks"
    names = {path.stem.removesuffix("_mask") for path in masks.glob("*_mask.png")}
    assert names == {path.stem for path in (discs.parent / "images").iterdir()}
    truth = discs.parent / "masks/00.png"
    overlap = read_mask(masks / "00_mask.png")[read_mask(truth) == 2]
    assert np.mean(overlap == 2) > 0.7


def check_that_masks_lie_on_their_images(preprocess, folder):
    """A disc in 101 x 95 pixels and its mask have one center after resizing, to a tenth of a pixel."""
    rows, columns = np.mgrid[:101, :95]
    disc = (np.hypot(rows - 44, columns - 52) < 30).astype(np.uint8)
    Image.fromarray(disc * 255).save(folder / "disc.png")
    Image.fromarray(disc).save(folder / "mask.png")
    item = preprocess({"image": str(folder / "disc.png"), "label": str(folder / "mask.png")})
    image, mask = item["image"][0].numpy(), item["label"][0].numpy()
    for axis in (0, 1):
        places = np.arange(32)
        first, second = (part.sum(axis=1 - axis) @ places / part.sum() for part in (image, mask))
        assert abs(first - second) < 0.1
