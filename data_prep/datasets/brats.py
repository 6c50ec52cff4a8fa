"""``python -m data_prep brats``: brain tumors of BraTS."""

import argparse
from dataclasses import replace

from data_prep.datasets.brats_layouts import MODALITIES, REGIONS, patient_of
from data_prep.datasets.brats_subjects import common_modalities, find_subjects
from data_prep.datasets.msd import names_of
from data_prep.datasets.msd_task import read_task
from data_prep.records import Record, Rejects, Source
from monai_ssl.errors import InputError

__all__ = ["HELP", "add_arguments", "read"]

HELP = """Make a data set from BraTS (https://www.med.upenn.edu/cbica/brats), brain MR with masks of tumors.

The layout is found by itself, at any depth and with or without .gz:

    DIR/                                           2017 to 2021
      HGG/Brats18_2013_2_1/Brats18_2013_2_1_flair.nii.gz, ..._t1, ..._t1ce, ..._t2, ..._seg
    DIR/                                           2015, normalized
      brats_2013_pat0003_1/Flair_subtrMeanDivStd.nii.gz, T1_..., T1c_..., T2_..., OTMultiClass.nii.gz
    DIR/                                           Task01_BrainTumour of the Medical Segmentation Decathlon
      dataset.json, imagesTr/, labelsTr/

The files are used where they are; the modalities are the channels of an image. Regions are those that the challenge
evaluates: whole tumor, tumor core and enhancing tumor. Subjects without a mask are used unlabeled. (BraTS 2020 has one
mask, of BraTS20_Training_355, under another name: rename it to ..._seg, or it is not found.) Scans of a patient at
several times, as the names tell them, stay together; the names of 2020, 2021 and the Decathlon do not tell.
"""

_TASK01_CHANNELS = {"flair": "FLAIR", "t1": "T1w", "t1ce": "T1gd", "t2": "T2w"}
# 1 edema, 2 non-enhancing tumor, 3 enhancing tumor
_TASK01_VALUES = ([1, 2, 3], [2, 3], [3])


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this data set."""
    parser.add_argument(
        "--modalities",
        type=_modalities,
        metavar="A,B",
        help=f"of {', '.join(MODALITIES)}, in the order of the channels; subjects without one of them are set aside; "
        "else those that most subjects have",
    )


def _modalities(text: str) -> list[str]:
    names = [name.lower() for name in names_of(text)]
    if not set(names) <= set(MODALITIES):
        raise argparse.ArgumentTypeError(f"{text!r} is no list of some of {', '.join(MODALITIES)}")
    return names


def read(options: argparse.Namespace, rejects: Rejects) -> Source:
    """List the scans and their masks.

    Raises:
        InputError: when the folder has none of the layouts.
    """
    if (options.source / "imagesTr").is_dir():
        return _read_task01(options, rejects)
    layout, subjects = find_subjects(options.source, options.output, rejects)
    modalities = options.modalities or common_modalities(subjects)
    if not modalities:
        raise InputError(f"{options.source}: no modality is there for most subjects. Add files, or give --modalities.")
    records = []
    for subject in subjects:
        missing = [name for name in modalities if name not in subject.parts]
        if missing:
            name = next(iter(subject.parts.values()))
            rejects.add(name, f"this subject has no {', '.join(missing)}", "Add it, or give other --modalities.")
            continue
        mask = subject.parts.get("seg")
        records.append(
            Record(
                tuple(options.source / subject.parts[name] for name in modalities),
                subject.parts[modalities[0]],
                mask=None if mask is None else options.source / mask,
                patient=patient_of(subject.name),
            )
        )
    return Source(
        name=options.source.absolute().name,
        task="segmentation",
        labels=REGIONS,
        records=records,
        masks=dict(zip(REGIONS, layout.values, strict=True)),
        modality="MR",
        channels=len(modalities),
        spatial_dims=3,
        details={
            "split": "drawn",
            "groups": "patients, as far as the names tell them",
            "layout": layout.name,
            "modalities": list(modalities),
        },
    )


def _read_task01(options: argparse.Namespace, rejects: Rejects) -> Source:
    source = read_task(
        options.source,
        rejects,
        output=options.output,
        workers=options.workers,
        label_names=REGIONS,
        modalities=options.modalities and [_TASK01_CHANNELS[name] for name in options.modalities],
    )
    return replace(source, labels=REGIONS, masks=dict(zip(REGIONS, _TASK01_VALUES, strict=True)), modality="MR")
