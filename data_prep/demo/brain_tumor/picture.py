"""``python -m data_prep.demo.brain_tumor.picture DIR FILE``: subjects of the demo in a picture, one a row."""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from data_prep.datasets.brats_layouts import MODALITIES
from data_prep.demo.brain_tumor.tumor import CORE, EDEMA, RIM
from monai_ssl.data.datalist import DataList
from monai_ssl.errors import InputError
from monai_ssl.readers import read_image
from monai_ssl.readers.mask import read_mask
from monai_ssl.reports.figures import COLORS, new_figure, save_figure

__all__ = ["main", "subjects_figure"]

_TITLES = {"flair": "FLAIR", "t1": "T1", "t1ce": "T1 with contrast", "t2": "T2"}
_REGIONS = {
    EDEMA: ("edema", COLORS[2]),
    RIM: ("enhancing", COLORS[4]),
    CORE: ("necrotic or not enhancing", COLORS[5]),
}
_BRIGHTEST = 99.7  # percent
_OPACITY = 0.55
_SIDE = 0.87  # inches


def subjects_figure(images: Sequence[Sequence[Path]], masks: Sequence[Path]) -> Figure:
    """Draw the slice with the most of each subject's tumor in all modalities, and on FLAIR what the mask has.

    Patients lie as radiologists see them: their right is to the left of the picture.

    Args:
        images: of each subject, the file of each modality.
        masks: of each subject.
    """
    figure = new_figure(_SIDE * (len(MODALITIES) + 1), 1.14 * _SIDE * len(images) + 0.55)
    panels = figure.subplots(len(images), len(MODALITIES) + 1, squeeze=False)
    for row, files, mask in zip(panels, images, masks, strict=True):
        values = read_mask(mask)
        # The core counts more, so that a rim is seen around it.
        height = int(((values > 0) + 3 * (values == CORE) + 3 * (values == RIM)).sum(axis=(0, 1)).argmax())
        shown = [_shade(read_image(file, windows=("full",))[0], height) for file in files]
        marked = np.repeat(shown[0][..., None], 3, axis=-1)
        section = _upright(values[:, :, height])
        for value, (_, color) in _REGIONS.items():
            paint = np.array([int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)])
            marked[section == value] = (1 - _OPACITY) * marked[section == value] + _OPACITY * paint
        for panel, picture in zip(row, (*shown, marked), strict=True):
            panel.imshow(picture, cmap="gray", vmin=0, vmax=1, interpolation="bilinear")
            panel.set_axis_off()
    for panel, title in zip(panels[0], (*(_TITLES[name] for name in MODALITIES), "mask"), strict=True):
        panel.set_title(title, fontsize=7)
    patches = [Patch(color=color, label=name) for name, color in _REGIONS.values()]
    figure.legend(handles=patches, loc="outside lower center", ncols=len(patches), fontsize=7, frameon=False)
    return figure


def _shade(volume: np.ndarray, height: int) -> np.ndarray:
    """One slice with values from 0 to 1: black is outside the brain, white the brightest voxels of the volume."""
    inside = volume[volume > volume.min()]
    return np.clip(_upright(volume[:, :, height]) / np.percentile(inside, _BRIGHTEST), 0, 1)


def _upright(section: np.ndarray) -> np.ndarray:
    """A slice whose axes go to the right and to the front, as rows from front to back."""
    return section.T[::-1, ::-1]


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw subjects of a data set.

    Raises:
        InputError: when a subject is not in the data set, or has no mask.
    """
    parser = argparse.ArgumentParser(prog="python -m data_prep.demo.brain_tumor.picture", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="DIR", help="folder of the demo data set")
    parser.add_argument("file", type=Path, metavar="FILE", help="picture to write")
    parser.add_argument("--subjects", nargs="+", default=["s0001"], help="their pseudonyms (default: s0001)")
    options = parser.parse_args(arguments)
    entries = {entry["patient"]: entry for entry in DataList.load(options.folder).entries()}
    absent = [name for name in options.subjects if name not in entries]
    if absent:
        raise InputError(
            f"{options.folder}: there is no subject {', '.join(absent)}. Give some of {', '.join(entries)}."
        )
    images = [[Path(file) for file in entries[name]["image"]] for name in options.subjects]
    masks = [files[0].with_name(files[0].name.replace("_flair.", "_seg.")) for files in images]
    save_figure(subjects_figure(images, masks), options.file)


if __name__ == "__main__":
    main()
