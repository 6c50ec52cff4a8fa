"""The whole export: a bundle in, a folder out."""

import json
import logging
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from monai_ssl.bundle.model import MODEL_INFO_NAME
from monai_ssl.errors import InputError
from monai_ssl.export.card import model_card
from monai_ssl.export.card_files import summary_rows
from monai_ssl.export.convert import convert
from monai_ssl.export.folder import check_target, write_folder
from monai_ssl.export.formats import FORMATS, check_packages
from monai_ssl.export.opening import open_source
from monai_ssl.export.preprocessing import describe_preprocessing
from monai_ssl.export.records import read_records
from monai_ssl.export.run_record import CONFIG_NAME

__all__ = ["CARD_NAME", "PROCESSING_NAME", "export_bundle"]

logger = logging.getLogger(__name__)

CARD_NAME = "model_card.md"
PROCESSING_NAME = "preprocessing.json"
_ALL = (*(form.file for form in FORMATS.values()), MODEL_INFO_NAME, PROCESSING_NAME, CARD_NAME)


def export_bundle(
    bundle: str | Path,
    output: str | Path,
    config_files: Sequence[str | Path] = ("inference.json",),
    model_dir: str | Path | None = None,
    run_dir: str | Path | None = None,
    evaluation_dir: str | Path | None = None,
    dataset_dir: str | Path | None = None,
    formats: Sequence[str] = tuple(FORMATS),
    overwrite: bool = False,
) -> list[tuple[str, ...]]:
    """Export the network that a bundle deploys, with a model card, whole or not at all.

    Args:
        bundle: the bundle's folder.
        output: the folder to write.
        config_files: the bundle's inference configuration, with its overlays.
        model_dir: the folder of ``model.pt`` and ``model.json``; by default the bundle's ``models``.
        run_dir: what training was given as ``output_dir``; by default the bundle's ``eval``, if the model is in the
            bundle, too.
        evaluation_dir: the folder of the evaluation; by default ``evaluation`` in ``run_dir``.
        dataset_dir: the folder of the data list; by default as the run's configuration names it.
        formats: of :data:`~monai_ssl.export.formats.FORMATS`.
        overwrite: whether to replace an export that is there.

    Returns:
        A table: a header, and a row a format.

    Raises:
        InputError: when the input cannot be used, ``run_dir`` is given and holds no run, ``evaluation_dir`` is given
            and holds no evaluation of this model, a file does not give what the network gives, or ``output`` cannot be
            written.
    """
    if unknown := sorted(set(formats) - set(FORMATS)) or not formats:
        raise InputError(f"There are no formats {unknown or list(formats)!r}. Give some of {', '.join(FORMATS)}.")
    check_target(output, _ALL, CARD_NAME, overwrite)
    check_packages(formats)
    if run_dir is not None and not (Path(run_dir) / CONFIG_NAME).is_file():
        raise InputError(f"{run_dir}: there is no {CONFIG_NAME} of a training. Name its `--output_dir` as `--run_dir`.")
    source = open_source(bundle, config_files, model_dir)
    logger.info("The network is %s of %s.", type(source.network).__name__, source.model_path)
    if run_dir is None and model_dir is None:
        run_dir = source.root / "eval"
    evaluated = Path(run_dir) / "evaluation" if evaluation_dir is None and run_dir is not None else evaluation_dir
    records = read_records(source, *(Path(path) if path else None for path in (run_dir, evaluated, dataset_dir)))
    if evaluation_dir is not None and not records.evaluation:
        raise InputError(f"{evaluation_dir}: {records.unknown['the evaluation']}. Name the folder of this model's.")
    processing = describe_preprocessing(source)
    for name, threshold in records.thresholds.items():
        processing["outputs"]["logits"].setdefault("thresholds", {})[name] = threshold
    with write_folder(output, _ALL, CARD_NAME, overwrite) as folder:
        exported = list(convert(source, folder, formats))
        shutil.copyfile(source.model_dir / MODEL_INFO_NAME, folder / MODEL_INFO_NAME)
        _write_json(folder / PROCESSING_NAME, processing)
        logger.info("Writing the model card.")
        (folder / CARD_NAME).write_text(model_card(source, records, processing, exported), encoding="utf-8")
    return summary_rows(source, exported)


def _write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
