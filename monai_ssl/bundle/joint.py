"""Whether a data list has what a model of masks and diagnoses is to learn."""

from collections.abc import Mapping, Sequence
from typing import Any

from monai_ssl.data import DataList
from monai_ssl.errors import InputError

__all__ = ["check_joint_data"]

_LISTS = ("labeled", "validation")


def check_joint_data(datalist: DataList, architecture: str) -> None:
    """Check before training that labeled and validation images have masks and classes, as far as they are learnt.

    Args:
        datalist: the data list.
        architecture: of the network, see :func:`~monai_ssl.networks.joint_network`: ``"mask"`` learns no diagnosis,
            ``"diagnosis"`` no mask.

    Raises:
        InputError: for a data list of another task, or one that lacks them.
    """
    learns_masks, learns_classes = architecture != "diagnosis", architecture != "mask"
    if datalist.task != "joint" and (learns_masks or datalist.task != "multiclass"):
        remedy = (
            "Make one whose task is joint (masks and one class an image)"
            if learns_masks
            else "Make one whose task is joint or multiclass"
        )
        raise InputError(
            f"The data list's task is {datalist.task}, which this model does not learn. {remedy}, or take a bundle for "
            "this task."
        )
    if learns_classes and datalist.num_classes < 2:
        raise InputError(f"The data list has {datalist.num_classes} class. A diagnosis is one of two or more.")
    for name in _LISTS:
        entries: Sequence[Mapping[str, Any]] = getattr(datalist, name)
        if learns_masks and not any("mask" in entry for entry in entries):
            raise InputError(f"No {name} image has a mask. Add masks, or train the diagnosis alone (`convnet.json`).")
        if learns_classes and not any(entry["label"] >= 0 for entry in entries):
            raise InputError(f"No {name} image has a class. Add classes, or train the masks alone (`unet.json`).")
