"""The overlay that trains a bundle on masks."""

import csv
import json

import numpy as np
import pytest
from PIL import Image

from data_prep.__main__ import main
from tests.bundles.helpers import run_bundle, small

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


def test_it_learns(discs, tmp_path):
    overrides = small(discs, tmp_path, max_epochs=16, batch_size=4, learning_rate=0.01, ema_decay=0.9)
    ran = run_bundle("supervised", ("train", "segmentation"), "train", **overrides)
    rows = list(csv.DictReader((tmp_path / "eval/history.csv").open()))
    assert float(rows[-1]["loss_supervised"]) < 0.9 * float(rows[0]["loss_supervised"])
    summary = json.loads((tmp_path / "eval/summary.json").read_text())
    assert list(summary["validation"]) == ["network", "ema"]
    assert list(summary["validation"]["network"]) == ["disc", "core", "mean"]
    assert summary["best"]["value"] > 0.5
    assert (tmp_path / "models/model.pt").is_file()
    check_that_masks_lie_on_their_images(ran.parser.get_parsed_content("train#preprocessing"), tmp_path)


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
