"""The data list that a model was trained on, in numbers."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from monai_ssl.data.datalist_entries import LISTS, count_positives
from monai_ssl.data.datalist_file import DATALIST_NAME, read_content
from monai_ssl.errors import InputError
from monai_ssl.export.source import Source, is_plain

__all__ = ["read_data"]

_HEAD = ("labels", "modality", "channels", "spatial_dims")
_PROVENANCE = ("command", "parameters", "options", "protocol", "version", "sha256", "tables_sha256", "images_sha256")
_DEMO = re.compile(r"\$demo_dir\(@bundle_root(?:, '(\w+)')?\)")


def read_data(source: Source, config: Mapping[str, Any] | None, dataset_dir: Path | None) -> dict[str, Any] | str:
    """Count what is in a data list, and tell how it was made; its images need not be there any more.

    Args:
        source: the model.
        config: of the run that trained it, where it is known.
        dataset_dir: the data list's folder; by default as ``config`` names it.

    Returns:
        Counts and provenance, or why they are not known.

    Raises:
        InputError: when ``dataset_dir`` is given and holds no data list, or one of another model.
    """
    folder = dataset_dir or _folder(source, config or {})
    if folder is None or (dataset_dir is None and not (folder / DATALIST_NAME).is_file()):
        return "the data list that it was trained on is not known, or no longer there (`--dataset_dir`)"
    content = read_content(folder)
    try:
        described = _describe(content)
    except (KeyError, TypeError, IndexError) as error:
        raise InputError(
            f"{folder / DATALIST_NAME}: the data list is damaged ({error!r}). Look at it with `data_prep check`."
        ) from error
    different = [name for name in _HEAD if name in source.info and content[name] != source.info[name]]
    if different:
        reason = f"the data list that is there has other {', '.join(different)} than this model"
        if dataset_dir is not None:
            raise InputError(f"{folder / DATALIST_NAME}: {reason}. Give the one that it was trained on.")
        return reason
    return described | {"written_after_the_model": source.is_before(folder / DATALIST_NAME)}


def _folder(source: Source, config: Mapping[str, Any]) -> Path | None:
    named = config.get("dataset_dir")
    if not isinstance(named, str):
        return None
    if is_plain(named):
        return Path(named)
    # The demo data set lies beside the bundles; to evaluate the expression would make it where it is missing.
    demo = _DEMO.fullmatch(named)
    root = config.get("bundle_root", "@")
    parent = Path(root) if is_plain(root) else source.root
    if demo is None:
        return None
    folder = Path("data") / ("demo_" + demo[1] if demo[1] else "demo")
    # That of a bundle that lies by itself is inside of it.
    inside = parent / folder
    return inside if inside.is_dir() else parent / ".." / ".." / folder


def _describe(content: Mapping[str, Any]) -> dict[str, Any]:
    provenance = content.get("provenance", {})
    lists = {name: content[name] for name in LISTS}
    labeled = {name: entries for name, entries in lists.items() if name != "unlabeled"}
    classes, masks = content["task"] != "segmentation", bool(content.get("masks"))
    return {
        "name": content.get("name"),
        "task": content["task"],
        **{name: content[name] for name in _HEAD},
        "images": {name: len(entries) for name, entries in lists.items()},
        "patients": {name: len({entry["patient"] for entry in entries}) for name, entries in lists.items()},
        "all_patients": len({entry["patient"] for entries in lists.values() for entry in entries}),
        "positives": {
            name: dict(
                zip(content["labels"], count_positives(content["task"], len(content["labels"]), entries), strict=True)
            )
            for name, entries in labeled.items()
            if classes
        },
        "masks": {
            name: sum("mask" in entry or not classes for entry in entries) for name, entries in labeled.items() if masks
        },
        "provenance": {name: provenance[name] for name in _PROVENANCE if name in provenance},
    }
