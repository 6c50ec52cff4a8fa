"""The protocol by which images are divided into labeled, unlabeled, validation and test lists."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from monai_ssl.data import SPLITS, sample_budget, split_patients
from monai_ssl.errors import InputError

__all__ = ["PROTOCOL", "Division", "Item", "divide"]

PROTOCOL = (
    "Patients never straddle splits. The labeling budget is drawn at random, not stratified, and in proportion from "
    "the training and the validation split; with the same seed a larger budget contains every smaller one; a budget "
    "too small to show, in a split, a positive of each class that the split has is enlarged until it does (for "
    "validation, a negative as well). "
    "The unlabeled images are the rest of the training split, never of the validation split. The test split does not "
    "depend on the budget. Images whose labels are all missing are used unlabeled, in the training split only."
)


@dataclass(frozen=True)
class Item:
    """An image: its patient's pseudonym, its label (None: all missing), its own split where it has one, its row."""

    patient: str
    label: list[int] | int | None
    split: str | None = None
    where: str = ""


@dataclass
class Division:
    """The places of the images in each list, and what else is to be told."""

    lists: dict[str, list[int]]
    counts: dict[str, int] = field(default_factory=dict)


def divide(
    items: Sequence[Item],
    *,
    fractions: Sequence[float],
    budget: float | int,
    validation_budget: float | int | None,
    unit: str,
    seed: int,
    class_names: Sequence[str],
) -> Division:
    """Divide the images into the four lists, by :py:data:`PROTOCOL`.

    Args:
        items: the images; those with a split keep it.
        fractions: of patients in the training, validation and test split, where the items have no split.
        budget: for the training split, as in :py:func:`monai_ssl.data.sample_budget`.
        validation_budget: the same for the validation split; None takes the fraction that the training split got.
        unit: ``"image"`` or ``"patient"``.
        seed: of the split and of the budget.
        class_names: for messages.

    Raises:
        InputError: when the splits or the budget cannot be made.
    """
    known = [index for index, item in enumerate(items) if item.label is not None]
    if any(item.split for item in items):
        split_of = _own_splits(items)
    else:
        patients = [items[index].patient for index in known]
        split_of = dict(zip(patients, split_patients(patients, fractions, seed), strict=True))
    by_split = {name: [index for index in known if split_of[items[index].patient] == name] for name in SPLITS}
    for name in SPLITS[:2]:
        if not by_split[name]:
            raise InputError(f"No image with a label is in the {name} split. Mark some in the --split_column.")

    def draw(name: str, amount: float | int) -> tuple[list[int], int, int]:
        """The images drawn, and how many units that is out of how many."""
        pool = by_split[name]
        owners = [items[index].patient for index in pool]
        labels = [label for index in pool if (label := items[index].label) is not None]
        # Without a negative, too, a class's AUROC would not be defined on the validation images.
        chosen = sample_budget(
            labels, owners, amount, seed, unit, negatives=name == "validation", class_names=class_names
        )
        if unit == "image":
            return [pool[place] for place in chosen], len(chosen), len(pool)
        return [pool[place] for place in chosen], len({owners[place] for place in chosen}), len(set(owners))

    labeled, got, units = draw("training", budget)
    validation, got_validation, validation_units = draw(
        "validation", got / units if validation_budget is None else validation_budget
    )
    chosen_ones = set(labeled)
    # An image without labels goes where its patient is; a patient who has no labels at all is a training patient.
    unknown = [index for index, item in enumerate(items) if item.label is None]
    extra = [index for index in unknown if split_of.get(items[index].patient, "training") == "training"]
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


def _own_splits(items: Sequence[Item]) -> dict[str, str]:
    """The split of each patient, as the data set has it."""
    first: dict[str, Item] = {}
    for item in items:
        if item.split is None:
            continue
        other = first.setdefault(item.patient, item)
        if other.split != item.split:
            raise InputError(
                f"{other.where} and {item.where}: these images are of one patient but in different splits. "
                f"Mend the --split_column, or leave it away to have the images split by patient."
            )
    return {patient: item.split for patient, item in first.items() if item.split}
