"""What an evaluation leaves behind: probabilities, labels, patients and images, row by row."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monai_ssl.errors import InputError
from monai_ssl.metrics.arrays import check_arrays, one_against_rest

__all__ = ["Predictions"]


@dataclass(frozen=True)
class Predictions:
    """Predictions of N images in C classes.

    Attributes:
        probabilities: (N, C), each from 0 to 1.
        labels: multi-label: (N, C) in {0, 1}, -1 or NaN for missing; multi-class: class indices (N,), -1 for missing.
        patients: N pseudonyms, never the real identifiers.
        images: N names of images.

    Raises:
        InputError: when the parts do not belong together or hold impossible values.
    """

    probabilities: NDArray[np.float64]
    labels: NDArray[np.float64]
    patients: tuple[str, ...]
    images: tuple[str, ...]

    def __post_init__(self) -> None:
        check_arrays(self.probabilities, self.label_columns)
        if not len(self.probabilities) == len(self.patients) == len(self.images):
            raise InputError(
                f"{len(self.probabilities)} rows of probabilities, {len(self.patients)} patients and "
                f"{len(self.images)} images do not belong together. Give one of each for every image."
            )

    @property
    def task(self) -> str:
        """The task, "multilabel" or "multiclass", by the form of the labels."""
        return "multiclass" if np.ndim(self.labels) == 1 else "multilabel"

    @property
    def label_columns(self) -> NDArray[np.float64]:
        """Labels (N, C) with one column a class; multi-class labels one against the rest."""
        if self.task == "multiclass":
            return one_against_rest(self.labels, np.shape(self.probabilities)[-1])
        return np.asarray(self.labels, dtype=np.float64)
