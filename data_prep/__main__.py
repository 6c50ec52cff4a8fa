"""The command line: ``python -m data_prep NAME --source DIR --output DIR ...``."""

import argparse
import importlib
import logging
import sys
import warnings
from collections.abc import Sequence
from types import ModuleType

from monai_ssl.errors import InputError

__all__ = ["main"]

_DATA_SETS = {
    "folder": "any folder of DICOM, PNG, JPEG, TIFF or NIfTI images, with a CSV of labels, masks, or both",
    "rsna": "RSNA 2019 intracranial hemorrhage detection (CT slices, DICOM)",
    "nih14": "NIH ChestX-ray14 (chest radiographs, 14 findings)",
    "isic2018": "ISIC 2018 / HAM10000 (dermoscopy, 7 diagnoses, lesion masks)",
    "chest": "Montgomery, Shenzhen and JSRT (chest radiographs, lung masks, 3 diagnoses)",
    "spine": "vertebra patches of lateral spine radiographs with masks",
    "brats": "BraTS 2015, 2018 to 2021 or MSD Task01 (brain MR, tumor regions)",
    "la": "2018 left atrium segmentation (MR, h5)",
    "msd": "any task of the Medical Segmentation Decathlon (NIfTI)",
    "hippocampus": "Medical Segmentation Decathlon Task04 (MR)",
    "medmnist": "any 2D or 3D npz of MedMNIST",
    "cifar10": "CIFAR-10 (python batches)",
    "mnist": "MNIST (idx files)",
}
_OTHERS = {
    "demo": "make a demo data set of phantoms: head CT (DICOM), dermoscopy (JPEG), or brain tumors in MR (NIfTI)",
    "series": "volumes of DICOM series without any label, as for a MONAI Label server",
    "check": "check any data list: files, labels, groups and duplicates across splits; with a table and a picture",
}
_MODULES = {
    "folder": "data_prep.folder.command",
    "demo": "data_prep.demo",
    "check": "data_prep.check.command",
    "series": "data_prep.series.command",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand.

    Args:
        arguments: the command line after the program's name; that of the process where it is None.

    Returns:
        The exit code: 0, 1 when a check found problems, 2 when the input cannot be used, or 130 after Ctrl-C.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    parser = argparse.ArgumentParser(
        prog="python -m data_prep",
        description="Make a data set (a folder with a datalist.json) for the bundles, or check one.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="NAME")
    for name, text in (_DATA_SETS | _OTHERS).items():
        command = commands.add_parser(name, help=text, formatter_class=argparse.RawDescriptionHelpFormatter)
        # Only the subcommand that is asked for is imported.
        if arguments and arguments[0] == name:
            module = importlib.import_module(_MODULES.get(name, f"data_prep.datasets.{name}"))
            command.description = getattr(module, "HELP", f"{text[0].upper()}{text[1:]}.")
            _add_arguments(command, module, name)
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s: %(message)s")
    # pydicom's messages quote values of headers, which may tell who the patient is.
    logging.getLogger("pydicom").setLevel(logging.CRITICAL)
    warnings.filterwarnings("ignore", module="pydicom")
    try:
        return options.run(options) or 0
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted: the same command goes on where it was", file=sys.stderr)
        return 130


def _add_arguments(command: argparse.ArgumentParser, module: ModuleType, name: str) -> None:
    """The subcommand's options, and what it does with them."""
    if name in _OTHERS:
        module.add_arguments(command)
        command.set_defaults(run=module.run)
        return
    from data_prep.pipeline.options import add_source_arguments
    from data_prep.pipeline.prepare import run_source

    add_source_arguments(command)
    module.add_arguments(command)
    command.set_defaults(run=lambda options: run_source(module.read, options))


if __name__ == "__main__":
    sys.exit(main())
