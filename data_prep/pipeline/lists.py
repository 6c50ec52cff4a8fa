"""Data lists of the images that can be used, one for each budget and seed."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data_prep.inspection.images import Inspected
from data_prep.pipeline.groups import shuffled_numbers
from data_prep.pipeline.kinds import Kind
from data_prep.pipeline.protocol import Item, assign_splits, divide
from data_prep.pipeline.provenance import describe
from data_prep.records import Record, Source
from monai_ssl.data import DataList

__all__ = ["Images", "make_lists"]


@dataclass(frozen=True)
class Images:
    """The images that can be used: what the data set says, what was seen, the keys of their groups, their kind."""

    records: list[Record]
    seen: list[Inspected]
    keys: list[str]
    kind: Kind


def make_lists(
    source: Source, images: Images, options: argparse.Namespace, *, aliases: Sequence[str], digest: str, rejected: int
) -> dict[Path, DataList]:
    """Make the data list of every budget and seed, by the folder that it is to be written to.

    Args:
        source: the data set.
        images: those to use.
        options: the common options.
        aliases: the pseudonyms of the images' groups.
        digest: of the images, for the provenance.
        rejected: the number of files and rows that were set aside.

    Raises:
        InputError: when the splits or a budget cannot be made.
    """
    split_seed = options.seed[0] if options.split_seed is None else options.split_seed
    items = [
        Item(number, _shown(source, record, look), record.split)
        for number, record, look in zip(
            shuffled_numbers(images.keys, split_seed), images.records, images.seen, strict=True
        )
    ]
    split_of = assign_splits(items, options.fractions, split_seed)
    entries = [_entry(source, record, alias) for record, alias in zip(images.records, aliases, strict=True)]
    # Copies come in the order of their opaque names: that of the originals would tell which image is which.
    by_name = sorted(range(len(entries)), key=lambda index: images.records[index].name)
    rank = {index: place for place, index in enumerate(by_name)} if options.copy else range(len(entries))
    several = len(options.budget) * len(options.seed) > 1
    lists = {}
    for budget in options.budget:
        for seed in options.seed:
            division = divide(
                items,
                split_of,
                budget=budget,
                validation_budget=options.validation_budget,
                unit=options.unit,
                seed=seed,
                class_names=_class_names(source),
                sampling=options.sampling,
                negatives=source.task in ("multilabel", "multiclass"),
            )
            folder = options.output / f"budget_{budget}-seed_{seed}" if several else options.output
            lists[folder] = DataList(
                task=source.task,
                labels=tuple(source.labels),
                modality=images.kind.modality,
                channels=images.kind.channels,
                spatial_dims=images.kind.spatial_dims,
                masks=source.masks,
                name=source.name,
                provenance=describe(
                    source,
                    digest,
                    options,
                    budget=budget,
                    seed=seed,
                    split_seed=split_seed,
                    counts=division.counts | {"rejected": rejected},
                ),
                **{
                    key: [
                        _unlabeled(entries[index]) if key == "unlabeled" else entries[index]
                        for index in sorted(places, key=rank.__getitem__)
                    ]
                    for key, places in division.lists.items()
                },
            )
    return lists


def _class_names(source: Source) -> list[str]:
    """What the numbers that :func:`_shown` gives are of."""
    return [*source.labels, *source.masks] if source.task == "joint" else list(source.labels)


def _shown(source: Source, record: Record, look: Inspected) -> list[int] | int | None:
    """The classes and regions that an image shows, as a budget looks at them; None where nothing is known of it."""
    label = record.label
    if source.task == "multilabel":
        return label if isinstance(label, list) and any(value >= 0 for value in label) else None
    if source.task == "multiclass":
        return label if isinstance(label, int) and label >= 0 else None
    found = look.mask_values
    regions = [-1 if found is None else int(any(v in found for v in values)) for values in source.masks.values()]
    classes: list[int] = []
    if source.task == "joint":
        known = isinstance(label, int) and label >= 0
        classes = [int(index == label) if known else -1 for index in range(len(source.labels))]
    return classes + regions if any(value >= 0 for value in classes + regions) else None


def _entry(source: Source, record: Record, alias: str) -> dict[str, Any]:
    """What a list of labeled images says of an image."""
    paths = [str(path.absolute()) for path in record.images]
    entry: dict[str, Any] = {"image": paths if len(paths) > 1 else paths[0], "patient": alias}
    if source.task in ("segmentation", "joint") and record.mask is not None:
        entry["label" if source.task == "segmentation" else "mask"] = str(record.mask.absolute())
    if source.task != "segmentation":
        entry["label"] = -1 if record.label is None else record.label
    return entry


def _unlabeled(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {key: entry[key] for key in ("image", "patient")}
