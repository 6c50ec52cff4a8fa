"""Wrong labels made on purpose: the labeled training images of a data list with some labels changed."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from monai_ssl.data import DataList
from monai_ssl.errors import InputError

__all__ = ["NOISES", "flip_labels", "flip_targets", "with_flipped_labels"]

NOISES = ("none", "symmetric", "class_dependent")

# Of ISIC 2018 the class that each is most easily mistaken for: what looks alike through a dermatoscope. Melanomas and
# nevi are both pigmented; basal cell carcinomas, actinic keratoses and benign keratoses form a chain of pale and scaly
# lesions; the rare dermatofibromas are taken for nevi; vessels are seen in vascular lesions and basal cell carcinomas.
_ISIC_2018 = {
    "MEL": "NV",
    "NV": "MEL",
    "BCC": "AKIEC",
    "AKIEC": "BKL",
    "BKL": "MEL",
    "DF": "NV",
    "VASC": "BCC",
}


def flip_targets(classes: Sequence[str]) -> dict[int, int]:
    """Return the class that each class is mistaken for in class-dependent noise, by index.

    - the seven classes of ISIC 2018: a class that looks alike;
    - of two classes only the second (the finding) is mistaken, for the first: findings are overlooked. Were both
      mistaken, it would be symmetric noise;
    - of any others, the next class, and of the last the first.
    """
    if set(classes) == set(_ISIC_2018):
        return {classes.index(name): classes.index(other) for name, other in _ISIC_2018.items()}
    if len(classes) == 2:
        return {1: 0}
    return {index: (index + 1) % len(classes) for index in range(len(classes))}


def flip_labels(labels: Sequence[int], classes: Sequence[str], noise: str, rate: float, seed: int) -> list[int]:
    """Change labels to another class.

    ``"symmetric"``: a ``rate`` of all labels, chosen at random, each to any of the other classes.
    ``"class_dependent"``: a ``rate`` of the labels of each class in :func:`flip_targets`, to the class there. The
    numbers of changed labels are exact but for rounding; missing labels (negative) stay and do not count. With the same
    seed a higher rate changes the labels that a lower one changes, and more.

    Args:
        labels: class indices.
        classes: the names of the classes.
        noise: one of :data:`NOISES`.
        rate: from 0 to 1.
        seed: of the draw.

    Raises:
        InputError: for an unknown noise, a rate that is no share, or fewer than two classes.
    """
    if noise not in NOISES:
        raise InputError(f"There is no noise {noise!r}. Name one of {', '.join(NOISES)}.")
    if not 0 <= rate <= 1:
        raise InputError(f"The rate of wrong labels is {rate!r}. Give a number from 0 to 1.")
    if len(classes) < 2:
        raise InputError("Labels of one class cannot be taken for another. Give a data list with two classes or more.")
    generator = np.random.default_rng(seed)
    before = np.asarray(labels, dtype=np.int64)
    after = before.copy()
    if noise == "symmetric":
        other = (before + generator.integers(1, len(classes), len(before))) % len(classes)
        chosen = _share(generator, np.flatnonzero(before >= 0), rate)
        after[chosen] = other[chosen]
    elif noise == "class_dependent":
        for index, target in sorted(flip_targets(classes).items()):
            after[_share(generator, np.flatnonzero(before == index), rate)] = target
    return after.tolist()


def _share(generator: np.random.Generator, indices: np.ndarray, rate: float) -> np.ndarray:
    return generator.permutation(indices)[: int(rate * len(indices) + 0.5)]


def with_flipped_labels(datalist: DataList, noise: str, rate: float, seed: int) -> DataList:
    """Return the data list with labels of its labeled training images flipped; validation and test images keep theirs.

    Raises:
        InputError: as :func:`flip_labels`, and for a data list whose labels are not class indices.
    """
    if datalist.task != "multiclass":
        raise InputError(f"The labels of a {datalist.task} data list cannot be flipped. Give one of task multiclass.")
    before = [entry["label"] for entry in datalist.labeled]
    after = flip_labels(before, datalist.labels, noise, rate, seed)
    labeled = [{**entry, "label": label} for entry, label in zip(datalist.labeled, after, strict=True)]
    changed = sum(old != new for old, new in zip(before, after, strict=True))
    noted: Mapping[str, object] = {"noise": noise, "rate": rate, "seed": seed, "changed": changed}
    return replace(datalist, labeled=labeled, provenance={**datalist.provenance, "label_noise": noted})
