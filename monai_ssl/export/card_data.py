"""The part of a model card on the data that the model was trained on."""

from collections.abc import Iterator, Mapping
from typing import Any

from monai_ssl.export.markdown import table_lines
from monai_ssl.export.records import Records
from monai_ssl.export.wording import listed

__all__ = ["data_lines"]

_LISTS = {
    "labeled": "training, with labels",
    "unlabeled": "training, without labels",
    "validation": "validation (chooses weights and thresholds)",
    "test": "test",
}


def data_lines(records: Records) -> Iterator[str]:
    """Give the lines of Markdown; counts and provenance only, nothing of a single image or patient."""
    data = records.data
    if not data:
        yield f"Not known: {records.unknown['the training data']}."
        return
    if data["written_after_the_model"]:
        yield (
            "**The data list that is described here was written after the model, so it may not be what the model was "
            "trained on.**"
        )
        yield ""
    yield (
        f"Data set `{data['name']}`, of {data['all_patients']} patients. A patient's images are in one split only, as "
        "far as the data set tells patients apart."
    )
    yield ""
    yield from _counts(data)
    yield ""
    provenance = data["provenance"]
    if "command" in provenance:
        yield f"- Made by `{provenance['command']}`, version {provenance.get('version', 'unknown')}"
    options = provenance.get("options") or provenance.get("parameters") or {}
    if options:
        yield f"- Options: {', '.join(f'{name} {listed(value)}' for name, value in options.items())}"
    if "protocol" in provenance:
        yield f"- Splits: {provenance['protocol']}"
    checksums = {**provenance.get("sha256", {}), **provenance.get("tables_sha256", {})}
    if "images_sha256" in provenance:
        checksums["names and sizes of the images"] = provenance["images_sha256"]
    yield from (f"- SHA-256 of {name}: `{checksum}`" for name, checksum in checksums.items())


def _counts(data: Mapping[str, Any]) -> Iterator[str]:
    """A table: a row a list, a column a class with its positive images."""
    classes = list(data["positives"].get("labeled", {}))
    header = [
        "",
        "images",
        "patients",
        *(["masks"] if data["masks"] else []),
        *(f"{name} (images)" for name in classes),
    ]
    rows = []
    for name, title in _LISTS.items():
        positives = data["positives"].get(name, {})
        cells = [title, data["images"][name], data["patients"][name]]
        cells += [data["masks"].get(name, "")] if data["masks"] else []
        rows.append([*cells, *(positives.get(each, "") for each in classes)])
    yield from table_lines(header, rows)
