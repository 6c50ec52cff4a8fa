"""The models that the app can serve: which bundle, which of its configurations."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from monai_ssl.errors import InputError

__all__ = ["NAMES", "Kind", "ServedModel", "find_bundles", "served_model"]

Kind = Literal["classification", "segmentation"]

_CLASSIFICATION: tuple[tuple[str, ...], str] = (("train",), "inference")
_SEGMENTATION: tuple[tuple[str, ...], str] = (("train", "segmentation"), "segmentation_inference")
# Bundle and kind: the configurations to train with, and the one to predict with.
_CONFIGURATIONS: dict[tuple[str, Kind], tuple[tuple[str, ...], str]] = {
    **{(bundle, "classification"): _CLASSIFICATION for bundle in ("supervised", "mean_teacher", "noteacher", "srcl")},
    **{(bundle, "segmentation"): _SEGMENTATION for bundle in ("supervised", "mean_teacher", "noteacher")},
    ("robust_pseudo_label", "classification"): (("train", "classification"), "classification_inference"),
    ("robust_pseudo_label", "segmentation"): (("train",), "inference"),
}
NAMES = tuple(f"{bundle}_{kind}" for bundle, kind in sorted(_CONFIGURATIONS))
"""The models by name, such as ``"noteacher_classification"``."""


@dataclass(frozen=True)
class ServedModel:
    """A bundle as a model of the server.

    Args:
        name: one of :data:`NAMES`.
        bundle: the bundle's folder.
        kind: what it predicts: ``"classification"`` or ``"segmentation"``.
        training: the files of the configuration that trains it, in their order.
        inference: the file of the configuration that predicts.
    """

    name: str
    bundle: Path
    kind: Kind
    training: tuple[Path, ...]
    inference: Path


def served_model(name: str, bundles: Path) -> ServedModel:
    """Find the model of a name.

    Args:
        name: one of :data:`NAMES`.
        bundles: the folder that the bundles are in.

    Raises:
        InputError: for another name, and a bundle that is not there.
    """
    for (bundle, kind), (training, inference) in _CONFIGURATIONS.items():
        if name == f"{bundle}_{kind}":
            configs = bundles / bundle / "configs"
            files = [configs / f"{file}.json" for file in (*training, inference)]
            missing = [file for file in files if not file.is_file()]
            if missing:
                raise InputError(f"{missing[0]}: this file of the bundle is missing. Name the folder of the bundles.")
            return ServedModel(name, bundles / bundle, kind, tuple(files[:-1]), files[-1])
    raise InputError(f"There is no model {name!r}. Give one or more of {', '.join(NAMES)}.")


def find_bundles(given: str | None) -> Path:
    """The folder of the bundles: the one that is given, else ``bundles`` here or in the checkout that this code is of.

    Raises:
        InputError: when it is not there.
    """
    checkout = Path(__file__).resolve().parents[2]
    places = [Path(given)] if given else [Path.cwd() / "bundles", checkout / "bundles"]
    for place in places:
        if place.is_dir():
            return place.resolve()
    raise InputError(f"{places[0]}: there are no bundles here. Name their folder with `--conf bundles FOLDER`.")
