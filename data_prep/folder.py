"""``python -m data_prep folder``: a data set from a folder of images and a CSV of labels."""

import argparse
import logging
from collections.abc import Sequence
from pathlib import Path

from data_prep.copying import copy_images, opaque_names
from data_prep.inspection import Inspected, inspect_images
from data_prep.labels import Labels, guess_format, read_labels
from data_prep.matching import match_rows
from data_prep.options import add_arguments
from data_prep.patients import choose_patients, pseudonyms, shuffled_numbers, warn_of_paths
from data_prep.problems import mismatched, of_other_classes, unreadable, write_skipped
from data_prep.protocol import Item, divide
from data_prep.provenance import describe, refuse_overwriting
from data_prep.tables import Roles, Table, find_roles, read_table
from monai_ssl.data import SPLITS, DataList
from monai_ssl.data.listing import digest, list_images
from monai_ssl.errors import InputError

__all__ = ["add_arguments", "run"]

_logger = logging.getLogger("monai_ssl")
_SPLIT_WORDS = {
    "train": "training",
    "training": "training",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
}


def run(options: argparse.Namespace) -> None:
    """Make the data set and print its summary.

    Raises:
        InputError: when something of the input cannot be used.
    """
    folder, output = Path(options.images), Path(options.output)
    table = read_table(options.labels)
    roles = find_roles(
        table,
        image_column=options.image_column,
        patient_column=options.patient_column,
        split_column=options.split_column,
        label_columns=options.label_columns,
        missing=options.missing,
    )
    words = {"missing": options.missing, "separator": options.separator, "negative": options.negative}
    label_format = options.label_format or guess_format(table, roles.labels, **words)
    labels = read_labels(
        table, roles.labels, label_format=label_format, task=options.task, classes=options.classes, **words
    )
    _logger.info("The labels are read as %s, the task is %s.", label_format, labels.task)

    listed = list_images(folder, without=output)
    matches = match_rows(table, roles.image, listed)
    skipped = mismatched(table, matches, unlabeled_rest=options.unlabeled_rest, skip_bad=options.skip_bad)
    skipped += of_other_classes(table, matches, labels, skip_bad=options.skip_bad)
    names = listed if options.unlabeled_rest else [name for name in listed if name in matches.row_of]
    names = [name for name in names if matches.row_of.get(name) not in labels.others]
    seen = inspect_images(folder, names)
    skipped += unreadable(folder, seen, skip_bad=options.skip_bad)
    names = [name for name in names if not seen[name].error]
    spatial_dims, channels, modality = _kind([seen[name] for name in names], options)

    rows = [matches.row_of.get(name) for name in names]
    in_table = [table.rows[row][roles.patient] if row is not None and roles.patient else None for row in rows]
    in_header = [seen[name].patient for name in names]
    patients = choose_patients(names, in_table, in_header, options.labels)
    aliases = pseudonyms(patients, options.seed)
    if not options.copy:
        warn_of_paths(names, in_table, in_header)
    # Splits and budget are drawn by numbers that never leave this function: a pseudonym tells nothing of its draw.
    drawn_by = shuffled_numbers(patients, options.seed)
    items = [_item(table, roles, labels, number, row) for number, row in zip(drawn_by, rows, strict=True)]
    division = divide(
        items,
        fractions=options.fractions,
        budget=options.budget,
        validation_budget=options.validation_budget,
        unit=options.unit,
        seed=options.seed,
        class_names=labels.names,
    )

    sources = [(folder / name).absolute() for name in names]
    copies = opaque_names(names, patients, options.seed)
    targets = [(output / name).absolute() for name in copies] if options.copy else sources
    entries = [{"image": str(target), "patient": alias} for target, alias in zip(targets, aliases, strict=True)]
    # Copies come in the order of their opaque names: that of the original paths would tell which image is which.
    order = copies if options.copy else names
    lists = {
        key: [
            entries[i] if key == "unlabeled" else entries[i] | {"label": items[i].label}
            for i in sorted(places, key=lambda index: order[index])
        ]
        for key, places in division.lists.items()
    }
    datalist = DataList(
        task=labels.task,
        labels=labels.names,
        modality=modality,
        channels=channels,
        spatial_dims=spatial_dims,
        **lists,
        provenance=describe(
            options,
            roles,
            label_format=label_format,
            images_sha256=digest(folder, listed),
            division=division,
            skipped=len(skipped),
        ),
        name=folder.absolute().name,
    )
    if not options.overwrite:
        refuse_overwriting(datalist, output)
    if options.copy:
        used = sorted(index for places in division.lists.values() for index in places)
        copy_images([sources[i] for i in used], [targets[i] for i in used], [aliases[i] for i in used])
        # The copies are to be given away, so names that may tell a patient are not to be beside them.
        place = {name: f"image {index} of the sorted list" for index, name in enumerate(listed, start=1)}
        skipped = [(place.get(what, what), reason) for what, reason in skipped]
    datalist.save(output)
    write_skipped(output / "skipped.csv", skipped)
    print(datalist.summary())


def _kind(images: Sequence[Inspected], options: argparse.Namespace) -> tuple[int, int, str]:
    """Spatial dimensions, channels and modality of the images."""
    dims = sorted({image.spatial_dims for image in images})
    if len(dims) != 1:
        found = "both 2D and 3D images" if dims else "no image that can be read"
        raise InputError(f"{options.images}: this folder holds {found}. Give with --images a folder of one kind.")
    modalities = sorted({image.modality for image in images if image.modality})
    if len(modalities) > 1 and options.modality is None:
        raise InputError(
            f"{options.images}: the DICOM headers name several modalities ({', '.join(modalities)}). Give --modality."
        )
    channels = 3 if 2 * sum(image.color for image in images) > len(images) else 1
    return dims[0], channels, options.modality or (modalities[0] if modalities else "OT")


def _item(table: Table, roles: Roles, labels: Labels, alias: str, row: int | None) -> Item:
    """What the division needs to know of an image."""
    if row is None:
        return Item(alias, None)
    split = None
    if roles.split is not None:
        split = _SPLIT_WORDS.get(table.rows[row][roles.split].lower())
        if split is None:
            raise InputError(
                f"{table.where(row)}: {roles.split} is none of {', '.join(_SPLIT_WORDS)}. "
                f"Mend it, or leave --split_column away to have the {len(SPLITS)} splits drawn."
            )
    known = any(value >= 0 for value in labels.rows[row])
    return Item(alias, labels.label(row) if known else None, split, table.where(row))
