"""The protocol by which images are divided into labeled, unlabeled, validation and test lists."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from data_prep.records import TRAIN_VAL
from monai_ssl.data import SPLITS, sample_budget, split_patients
from monai_ssl.errors import InputError

__all__ = ["Division", "Item", "assign_splits", "describe_protocol", "divide"]

_DRAWS = {
    "random": "at random, not stratified",
    "balanced": "at random, with as many of each class as there are (one of each class in turn)",
}


def describe_protocol(sampling: str) -> str:
    """The protocol in words, for a data list's provenance."""
    return (
        f"Patients never straddle splits. The labeling budget is drawn {_DRAWS[sampling]}, and in proportion from the "
        "training and the validation split; with the same seed a larger budget contains every smaller one; a budget "
        "too small to show, in a split, a positive of each class that the split has is enlarged until it does (for "
        "validation of a classification, a negative as well). The unlabeled images are the rest of the training split, "
        "never of the validation split. The test split does not depend on the budget. Images whose labels are all "
        "missing are used unlabeled, in the training split only."
    )


@dataclass(frozen=True, slots=True)
class Item:
    """An image: its group, the classes that its label shows (None: all missing) and its own split where it has one.

    ``group`` orders the draws, so it must be the same on every machine; it never leaves the program.
    """

    group: str
    label: list[int] | int | None
    split: str | None = None


@dataclass
class Division:
    """The places of the images in each list, and what else is to be told."""

    lists: dict[str, list[int]]
    counts: dict[str, int] = field(default_factory=dict)


def assign_splits(items: Sequence[Item], fractions: Sequence[float], seed: int) -> dict[str, str]:
    """The split of each group.

    Args:
        items: the images; those of a group have the same split of their own, if any. What is to be ``TRAIN_VAL`` is
            divided in the proportion of the first two fractions; where no item has a split, all groups with a label
            are divided.
        fractions: of groups in the training, validation and test split.
        seed: of the draw.

    Raises:
        InputError: when the splits cannot be made.
    """
    own = {item.group: item.split for item in items if item.split is not None}
    drawn = [item.group for item in items if item.label is not None and own.get(item.group, TRAIN_VAL) == TRAIN_VAL]
    if own:
        drawn = [group for group in drawn if group in own]
        whole = sum(fractions[:2])
        fractions = (fractions[0] / whole, fractions[1] / whole, 0.0) if whole else fractions
    fixed = {group: split for group, split in own.items() if split != TRAIN_VAL}
    return fixed | (dict(zip(drawn, split_patients(drawn, fractions, seed), strict=True)) if drawn else {})


def divide(
    items: Sequence[Item],
    split_of: dict[str, str],
    *,
    budget: float | int,
    validation_budget: float | int | None,
    unit: str,
    seed: int,
    class_names: Sequence[str],
    sampling: str = "random",
    negatives: bool = True,
) -> Division:
    """Divide the images into the four lists, by :func:`describe_protocol`.

    Args:
        items: the images.
        split_of: the split of each group, from :func:`assign_splits`; an image of another group that has no label is a
            training image, and one that has a label is not used.
        budget: for the training split, as in :py:func:`monai_ssl.data.sample_budget`.
        validation_budget: the same for the validation split; None takes the fraction that the training split got.
        unit: ``"image"`` or ``"patient"``.
        seed: of the budget.
        class_names: for messages.
        sampling: ``"random"`` or ``"balanced"``.
        negatives: whether the validation images must show a negative of each class too, without which its AUROC would
            not be defined.

    Raises:
        InputError: when the budget cannot be drawn.
    """
    known = [index for index, item in enumerate(items) if item.label is not None]
    by_split: dict[str, list[int]] = {name: [] for name in SPLITS}
    for index in known:
        if (split := split_of.get(items[index].group)) is not None:
            by_split[split].append(index)
    for name in SPLITS[:2]:
        if not by_split[name]:
            raise InputError(f"No image with a label is in the {name} split. Put some there, or have the splits drawn.")

    def draw(name: str, amount: float | int) -> tuple[list[int], int, int]:
        """The images drawn, and how many units that is out of how many."""
        pool = by_split[name]
        owners = [items[index].group for index in pool]
        labels = [label for index in pool if (label := items[index].label) is not None]
        chosen = sample_budget(
            labels,
            owners,
            amount,
            seed,
            unit,
            negatives=negatives and name == "validation",
            class_names=class_names,
            sampling=sampling,
        )
        if unit == "image":
            return [pool[place] for place in chosen], len(chosen), len(pool)
        return [pool[place] for place in chosen], len({owners[place] for place in chosen}), len(set(owners))

    labeled, got, units = draw("training", budget)
    validation, got_validation, validation_units = draw(
        "validation", got / units if validation_budget is None else validation_budget
    )
    chosen_ones = set(labeled)
    # An image without labels goes where its group is; a group that has no labels at all is in training.
    unknown = [index for index, item in enumerate(items) if item.label is None]
    extra = [index for index in unknown if split_of.get(items[index].group, "training") == "training"]
    unlabeled = sorted([index for index in by_split["training"] if index not in chosen_ones] + extra)
    return Division(
        {"labeled": labeled, "unlabeled": unlabeled, "validation": validation, "test": by_split["test"]},
        {
            "training_units": units,
            "training_budget_got": got,
            "validation_units": validation_units,
            "validation_budget_got": got_validation,
            "validation_images_not_used": len(by_split["validation"]) - len(validation),
            "images_without_label_not_used": len(unknown) - len(extra),
        },
    )
