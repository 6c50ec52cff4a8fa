"""Draws the outlines of true and predicted masks without the images: a picture that shows no patient.

    python -m benchmarks.mask_outlines --dataset_dir LIST --masks DIR --output PNG

The masks are those of ``run inference`` on the same data list, with their ``volumes.csv``. Of a volume it is the slice
where the truth has most foreground, as in the ``overlays.png`` of an evaluation, which has the images; here the masks
stand in for these: white what is true and predicted, dark gray what is true, light gray what is predicted alone.
"""

import argparse
import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from monai_ssl.data import DataList
from monai_ssl.metrics import region_scores
from monai_ssl.readers.grids import first_path, voxel_spacing
from monai_ssl.readers.mask import read_mask
from monai_ssl.reports import OverlayRow, overlay_figure, overlay_row, save_figure


def read_predictions(folder: Path) -> dict[str, Path]:
    """The mask of each image, by the image's name."""
    with (folder / "volumes.csv").open(newline="", encoding="utf-8") as file:
        return {row["image"]: folder / row["mask"] for row in csv.DictReader(file)}


def outline_row(
    entry: Mapping[str, Any], predictions: Mapping[str, Path], regions: Mapping[str, Sequence[int]]
) -> OverlayRow:
    """Compare the mask of an entry of a data list with what was predicted."""
    image = first_path(entry["image"])
    prediction = read_mask(next(path for name, path in predictions.items() if Path(image).as_posix().endswith(name)))
    truth = read_mask(entry["label"])
    spacing = voxel_spacing(image)
    scores = region_scores(prediction, truth, regions, spacing)
    return overlay_row(
        (0.35 * (truth > 0) + 0.65 * (prediction > 0))[None].astype(np.float32),
        prediction,
        truth,
        regions,
        nifti=True,
        spacing=spacing,
        label=entry["patient"],
        caption="Dice " + ", ".join(f"{score.dice:.2f}" for score in scores.values()),
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw the test images."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset_dir", type=Path, required=True, help="the data list, of NIfTI volumes")
    parser.add_argument("--masks", type=Path, required=True, help="the folder that inference wrote")
    parser.add_argument("--output", type=Path, required=True, help="a PNG")
    parser.add_argument("--title", default="Outlines of masks")
    options = parser.parse_args(arguments)
    datalist, predictions = DataList.load(options.dataset_dir), read_predictions(options.masks)
    rows = [outline_row(entry, predictions, datalist.masks) for entry in datalist.test]
    save_figure(overlay_figure(rows, list(datalist.masks), options.title), options.output)
    print(f"Figure: {options.output}")


if __name__ == "__main__":
    main()
