"""``dataset.json`` of a task of the Medical Segmentation Decathlon."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monai_ssl.errors import InputError

__all__ = ["Description", "read_description"]

_NAME = "dataset.json"


@dataclass(frozen=True)
class Description:
    """What ``dataset.json`` says of a task.

    Args:
        file: itself.
        channels: the names of the channels, such as FLAIR or CT, in the order of the fourth axis.
        labels: for each region its value in the masks; the background is left out.
    """

    file: Path
    channels: tuple[str, ...]
    labels: dict[str, int]

    @property
    def modality(self) -> str:
        """As in DICOM: all tasks are CT or MR."""
        return "CT" if self.channels == ("CT",) else "MR"

    def choose(self, names: Sequence[str]) -> tuple[int, ...]:
        """The places of the channels of these names, whatever their case.

        Raises:
            InputError: when there is no such channel.
        """
        known = [channel.lower() for channel in self.channels]
        unknown = [name for name in names if name.lower() not in known]
        if unknown:
            raise InputError(
                f"{self.file}: there is no {', '.join(unknown)}. Choose --modalities from {', '.join(self.channels)}."
            )
        return tuple(known.index(name.lower()) for name in names)


def read_description(folder: Path) -> Description | None:
    """Read ``dataset.json``; None where there is none.

    Raises:
        InputError: when it cannot be read, or is not as the Decathlon has it.
    """
    file = folder / _NAME
    if not file.is_file():
        return None
    try:
        content = json.loads(file.read_text(encoding="utf-8-sig"))
        channels = tuple(str(name) for name in _numbered(content["modality"]).values())
        labels = {str(name): value for value, name in _numbered(content["labels"]).items() if value > 0}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{file}: this is no description of a Decathlon task ({type(error).__name__}). It must have "
            '"modality": {"0": "MRI"} and "labels": {"0": "background", "1": ...}; download it again, or take it away '
            "and name the labels with --label_names."
        ) from None
    if not channels or not labels:
        raise InputError(f"{file}: there is no modality or no label in this description. Download it again.")
    return Description(file, channels, labels)


def _numbered(content: dict[str, Any]) -> dict[int, Any]:
    """What is listed by numbers, in their order."""
    return {number: content[key] for number, key in sorted((int(key), key) for key in content)}
