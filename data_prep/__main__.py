"""The command line: ``python -m data_prep {demo,folder} --output DIR ...``."""

import argparse
import importlib
import logging
import sys
import warnings
from collections.abc import Sequence

from monai_ssl.errors import InputError

__all__ = ["main"]

_COMMANDS = {
    "demo": "make the demo data set: head-CT phantoms with five types of hemorrhage, as DICOM",
    "folder": "make a data set from a folder of DICOM, PNG, JPEG or NIfTI images and a CSV of labels",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand.

    Args:
        arguments: the command line after the program's name; that of the process where it is None.

    Returns:
        The exit code: 0, or 2 when the input cannot be used.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    parser = argparse.ArgumentParser(
        prog="python -m data_prep", description="Make a data set (a folder with a datalist.json) for the bundles."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="{" + ",".join(_COMMANDS) + "}")
    for name, text in _COMMANDS.items():
        command = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        # Only the subcommand that is asked for is imported.
        if arguments and arguments[0] == name:
            module = importlib.import_module(f"data_prep.{name}")
            module.add_arguments(command)
            command.set_defaults(run=module.run)
    parsed = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s: %(message)s")
    # pydicom's messages quote values of headers, which may tell who the patient is.
    logging.getLogger("pydicom").setLevel(logging.CRITICAL)
    warnings.filterwarnings("ignore", module="pydicom")
    try:
        parsed.run(parsed)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
