"""The command line: ``python -m monai_ssl.export bundles/noteacher --output DIR``."""

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from monai_ssl.errors import InputError
from monai_ssl.export.bundle import export_bundle
from monai_ssl.export.formats import FORMATS

_HELP = """Export the network that a trained bundle deploys, for programs without this project: weights, TorchScript,
ONNX and torch.export, each read back and compared with the network; what an application does before and after it
(preprocessing.json), and a model card (model_card.md)."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Export and print a table.

    Returns:
        The exit code: 0, or 2 when the input cannot be used.
    """
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", datefmt="%H:%M:%S")
    try:
        rows = export_bundle(
            options.bundle,
            options.output,
            options.config_file,
            options.model_dir,
            options.run_dir,
            options.evaluation_dir,
            options.dataset_dir,
            options.formats,
            options.overwrite,
        )
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    print()
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    print(f"\nExport:  {options.output}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m monai_ssl.export",
        description=_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("bundle", type=Path, metavar="BUNDLE", help="a bundle's folder, such as bundles/noteacher")
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="the folder to write; it must be new")
    parser.add_argument(
        "--config_file",
        nargs="+",
        default=["inference.json"],
        metavar="FILE",
        help="the configuration for inference that goes with how the model was trained, such as "
        "segmentation_inference.json, with its overlays: in the bundle's configs, or paths (default: inference.json)",
    )
    parser.add_argument("--model_dir", type=Path, metavar="DIR", help="of model.pt and model.json (default: models)")
    parser.add_argument(
        "--run_dir",
        type=Path,
        metavar="DIR",
        help="the --output_dir of the training (default: eval, if --model_dir is not given)",
    )
    parser.add_argument(
        "--evaluation_dir", type=Path, metavar="DIR", help="of the evaluation (default: evaluation in --run_dir)"
    )
    parser.add_argument(
        "--dataset_dir", type=Path, metavar="DIR", help="of the data list (default: as the training was given it)"
    )
    parser.add_argument(
        "--formats", nargs="+", choices=list(FORMATS), default=list(FORMATS), help="what to write (default: all)"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace an export that is there")
    return parser


if __name__ == "__main__":
    sys.exit(main())
