"""The data list: which images there are, what is known of them and what each is for."""

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from monai_ssl.data.datalist_checks import check_data_list
from monai_ssl.data.datalist_entries import LISTS, absolute_path, count_positives
from monai_ssl.data.datalist_file import DATALIST_NAME, read_content
from monai_ssl.data.datalist_problems import HEAD, TASKS
from monai_ssl.files import write_json

__all__ = ["DATALIST_NAME", "TASKS", "DataList"]


@dataclass(frozen=True)
class DataList:
    """A data set as lists of entries ``{"image": path, "patient": pseudonym, "label": label}``.

    The training split is ``labeled`` and ``unlabeled`` together; the images of a patient are all in one split. The
    file is in the form of the Medical Segmentation Decathlon, which
    :py:func:`monai.data.load_decathlon_datalist` reads, with four lists instead of two.

    A label is, by task:

    - multilabel: a list with a value in {0, 1, -1 = missing} for each class;
    - multiclass: the index of the class, -1 = missing;
    - segmentation: the path of the mask;
    - joint: as multiclass, and the entry may have the path of a mask under the key ``"mask"``.

    An entry of ``unlabeled`` has no ``"label"`` (and no ``"mask"``). An ``"image"`` may be a list of paths, whose
    images are the channels of one (the modalities of an MR study).

    Args:
        task: one of :py:data:`TASKS`.
        labels: class names.
        modality: as in DICOM: ``"CT"``, ``"DX"``, ``"CR"``, ``"MR"``, ``"XC"``, ``"OT"``...
        channels: of the images as read: 1 (grey), 3 (RGB) or the number of modalities.
        spatial_dims: 2 or 3.
        labeled: training images with labels.
        unlabeled: training images without; it may be empty.
        validation: images for choosing the model and its thresholds.
        test: images for the final evaluation; it may be empty.
        masks: for segmentation and joint: the values of a mask that make up each named region, which may overlap, such
            as ``{"whole tumor": [1, 2, 4], "enhancing tumor": [4]}``; 0 is background. For segmentation its names are
            the labels.
        provenance: how the list was made: the command, its seed and budget, counts, checksums of the sources.
        name: of the data set.
    """

    task: str
    labels: tuple[str, ...]
    modality: str
    channels: int
    spatial_dims: int
    labeled: list[dict[str, Any]]
    unlabeled: list[dict[str, Any]]
    validation: list[dict[str, Any]]
    test: list[dict[str, Any]]
    masks: dict[str, list[int]] = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)
    name: str = "dataset"

    @property
    def num_classes(self) -> int:
        """The number of classes."""
        return len(self.labels)

    @property
    def label_task(self) -> str:
        """``"multilabel"`` or ``"multiclass"``: how labels become targets of a network.

        The regions of a mask may overlap, so that each of them is a yes-or-no question at every position.
        """
        return "multiclass" if self.task in ("multiclass", "joint") else "multilabel"

    @property
    def modalities(self) -> list[str]:
        """The names of the channels, such as those of MR sequences, as far as the list's provenance has them."""
        source = self.provenance.get("source", {})
        return [str(name) for name in source.get("modalities", [])] if isinstance(source, dict) else []

    @property
    def digest(self) -> str:
        """SHA-256 of the lists, classes and regions: another image, label or split gives another."""
        parts = [self.task, self.labels, self.masks, *(getattr(self, key) for key in LISTS)]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    @classmethod
    def load(cls, dataset_dir: str | os.PathLike[str]) -> "DataList":
        """Read and check ``<dataset_dir>/datalist.json``; the paths of its images become absolute.

        A class without a positive among the labeled images is named in a warning of the logger ``"monai_ssl"``.

        Raises:
            InputError: when the folder, the file, an entry or an image file is missing or cannot be used.
        """
        folder = Path(dataset_dir)
        content = read_content(folder)
        check_data_list(content, folder, folder / DATALIST_NAME)
        values = {key: content[key] for key in (*HEAD, *LISTS)} | {"masks": content.get("masks", {})}
        lists = {key: _with_paths(values[key], lambda path: absolute_path(folder, path)) for key in LISTS}
        return cls(
            **{**values, **lists, "labels": tuple(values["labels"])},
            provenance=content.get("provenance", {}),
            name=content.get("name", cls.name),
        )

    def save(self, dataset_dir: str | os.PathLike[str], base: str | os.PathLike[str] | None = None) -> Path:
        """Check the data list and write it to ``<dataset_dir>/datalist.json``, whole or not at all.

        Args:
            dataset_dir: the folder.
            base: see :py:meth:`content`.

        Raises:
            InputError: as :py:meth:`load`.
        """
        file = Path(dataset_dir) / DATALIST_NAME
        content = self.content(dataset_dir, base)
        check_data_list(content, Path(dataset_dir), file)
        write_json(file, content)
        return file

    def content(
        self, dataset_dir: str | os.PathLike[str], base: str | os.PathLike[str] | None = None
    ) -> dict[str, Any]:
        """What is written to the file.

        Args:
            dataset_dir: the folder of the file.
            base: paths inside this folder are relative to ``dataset_dir`` (POSIX), others absolute; it is
                ``dataset_dir`` itself, or a folder above that holds the images of several data lists.
        """
        folder = absolute_path(Path(dataset_dir), ".")
        inside = absolute_path(Path(dataset_dir if base is None else base), ".") + os.sep

        def shorten(path: str) -> str:
            full = absolute_path(Path(folder), path)
            return Path(os.path.relpath(full, folder)).as_posix() if full.startswith(inside) else full

        return {
            "name": self.name,
            **{key: getattr(self, key) for key in HEAD},
            "labels": list(self.labels),
            **({"masks": self.masks} if self.masks else {}),
            **{key: _with_paths(getattr(self, key), shorten) for key in LISTS},
            "provenance": self.provenance,
        }

    def entries(self) -> Iterator[dict[str, Any]]:
        """Every entry, list by list."""
        for key in LISTS:
            yield from getattr(self, key)

    def summary(self) -> str:
        """Some lines of text: the images and patients in each list, and the positives of each class."""
        lines = [
            f"{self.name}: {self.task} labels (classes: {self.num_classes}), {self.modality} images "
            f"({self.spatial_dims}D, channels: {self.channels})"
        ]
        for key in LISTS:
            entries = getattr(self, key)
            lines.append(f"  {key:<11}{len(entries):>8} images of {len({e['patient'] for e in entries})} patients")
        counted = [count_positives(self.task, self.num_classes, entries) for entries in (self.labeled, self.validation)]
        if self.task != "segmentation":
            width = max(len(label) for label in ("positives", *self.labels))
            lines.append(f"  {'positives':<{width}}  labeled  validation")
            for label, *counts in zip(self.labels, *counted, strict=True):
                lines.append(f"  {label:<{width}}{counts[0]:>9}{counts[1]:>12}")
        return "\n".join(lines)


def _with_paths(entries: list[dict[str, Any]], change: Callable[[str], str]) -> list[dict[str, Any]]:
    """Copies of the entries with every path changed (a label that is text is the path of a mask)."""

    def changed(key: str, value: Any) -> Any:
        if key == "image" and isinstance(value, list):
            return [change(path) for path in value]
        return change(value) if key in ("image", "mask") or (key == "label" and isinstance(value, str)) else value

    return [{key: changed(key, value) for key, value in entry.items()} for entry in entries]
