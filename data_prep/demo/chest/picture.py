"""``python -m data_prep.demo.chest.picture DIR FILE``: radiographs of the demo in a picture, one class a row."""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from monai_ssl.data.datalist import DataList
from monai_ssl.errors import InputError
from monai_ssl.readers import read_image
from monai_ssl.readers.mask import read_mask
from monai_ssl.reports.figures import COLORS, new_figure, save_figure

__all__ = ["main", "radiographs_figure"]

_SIDE = 0.86  # inches


def radiographs_figure(classes: Mapping[str, Sequence[tuple[Path, Path]]]) -> Figure:
    """Draw radiographs, each with and without the outline of its mask.

    The patients' right is to the left of the picture.

    Args:
        classes: by the name of each class, the files of some images and of their masks, as many of each class.
    """
    columns = 2 * max(map(len, classes.values()))
    figure = new_figure(_SIDE * columns + 0.3, _SIDE * len(classes))
    panels = figure.subplots(len(classes), columns, squeeze=False)
    for row, (name, files) in zip(panels, classes.items(), strict=True):
        for index, (image, mask) in enumerate(files):
            for panel in row[2 * index : 2 * index + 2]:
                panel.imshow(read_image(image)[0], cmap="gray", vmin=0, vmax=1)
            row[2 * index + 1].contour(read_mask(mask) > 0, levels=[0.5], colors=COLORS[4], linewidths=0.8)
        for panel in row:
            panel.set(xticks=[], yticks=[], frame_on=False)
        row[0].set_ylabel(name, fontsize=7)
    return figure


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw radiographs of a data set: of each class, the first that have a mask.

    Raises:
        InputError: when the data set has too few of a class.
    """
    parser = argparse.ArgumentParser(prog="python -m data_prep.demo.chest.picture", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="DIR", help="folder of the demo data set")
    parser.add_argument("file", type=Path, metavar="FILE", help="picture to write")
    parser.add_argument("--each", type=int, default=2, help="radiographs of each class (%(default)s)")
    options = parser.parse_args(arguments)
    data = DataList.load(options.folder)
    shown = {}
    for label, name in enumerate(data.labels):
        files = [
            (Path(entry["image"]), Path(entry["mask"]))
            for entry in data.entries()
            if entry.get("label") == label and "mask" in entry
        ]
        if not 1 <= options.each <= len(files):
            raise InputError(
                f"{options.folder}: there are {len(files)} radiographs of the class {name} with a mask. Give --each "
                f"from 1 to {len(files)}."
            )
        shown[name] = files[: options.each]
    save_figure(radiographs_figure(shown), options.file)


if __name__ == "__main__":
    main()
