"""One lesion on its skin, before it is photographed."""

from collections.abc import Callable
from copy import deepcopy

import numpy as np
from numpy.typing import NDArray

from data_prep.datasets.isic2018_tables import DIAGNOSES
from data_prep.demo.dermoscopy.keratinocytic import (
    paint_actinic_keratosis,
    paint_basal_cell_carcinoma,
    paint_benign_keratosis,
)
from data_prep.demo.dermoscopy.melanocytic import paint_melanoma, paint_nevus
from data_prep.demo.dermoscopy.others import paint_dermatofibroma, paint_vascular_lesion
from data_prep.demo.dermoscopy.pigments import Skin, make_skin
from data_prep.demo.drawing.canvas import Canvas, make_canvas

__all__ = ["make_lesion"]

_PAINT: dict[str, Callable[[np.random.Generator, Canvas, Skin], None]] = {
    "MEL": paint_melanoma,
    "NV": paint_nevus,
    "BCC": paint_basal_cell_carcinoma,
    "AKIEC": paint_actinic_keratosis,
    "BKL": paint_benign_keratosis,
    "DF": paint_dermatofibroma,
    "VASC": paint_vascular_lesion,
}


def make_lesion(rng: np.random.Generator, diagnosis: int, side: int) -> NDArray[np.floating]:
    """Draw a lesion in the middle of healthy skin.

    Args:
        rng: the source of randomness of this lesion.
        diagnosis: its class, an index of ``DIAGNOSES``.
        side: rows and columns.

    Returns:
        Reflectance of red, green and blue from 0 to 1, shape (side, side, 3); a side is ``2 * EXTENT`` long.
    """
    canvas = make_canvas(side)
    healthy = make_skin(rng, canvas)
    skin = deepcopy(healthy)
    _PAINT[DIAGNOSES[diagnosis]](rng, canvas, skin)
    return skin.fade(healthy, 0.4 + 0.6 * rng.beta(2.2, 1.2)).color()
