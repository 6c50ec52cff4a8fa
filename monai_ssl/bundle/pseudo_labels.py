"""A look at pseudo-labels that are masks."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from ignite import distributed as idist

from monai_ssl.pseudo_labels import PseudoLabels
from monai_ssl.readers.mask import read_mask
from monai_ssl.reports import mask_picture, overlay_figure, save_figure

__all__ = ["picture_pseudo_labels"]


def picture_pseudo_labels(
    labels: PseudoLabels, regions: Mapping[str, Sequence[int]], path: str | Path, count: int
) -> None:
    """Draw some masks of a teacher's on their images; under distributed training the first process does.

    Args:
        labels: the pseudo-labels, of segmentation.
        regions: the mask values of each region.
        path: the PNG.
        count: how many masks, evenly spread over the unlabeled images; 0 for no picture.
    """
    chosen = labels.sample(count) if idist.get_rank() == 0 else []
    if not chosen:
        return
    rows = [mask_picture(entry["image"], read_mask(mask), None, regions, entry["patient"]) for entry, mask in chosen]
    save_figure(overlay_figure(rows, list(regions), f"{len(rows)} of the teacher's masks"), path)
    print(f"Pseudo-labels:  {labels.folder}, which may be corrected in place\nFigure:         {path}")
