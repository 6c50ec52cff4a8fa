"""Single values of a DICOM dataset, read as leniently as their meaning stays plain."""

import math
from typing import Any

import numpy as np
from pydicom import DataElement, Dataset
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import RawDataElement
from pydicom.multival import MultiValue
from pydicom.tag import BaseTag, Tag

from monai_ssl.errors import InputError

__all__ = ["bad_header", "first_number", "first_text", "numbers", "tag_of", "whole_number"]

_BINARY = {"US": "u2", "SS": "i2", "UL": "u4", "SL": "i4", "UV": "u8", "SV": "i8", "FL": "f4", "FD": "f8"}
_TEXT = ("DS", "IS", "LO", "SH", "CS", "LT", "ST", "UT")
_tags: dict[str, BaseTag] = {}


def tag_of(keyword: str) -> BaseTag:
    """The tag of a keyword; each is looked up once."""
    if keyword not in _tags:
        _tags[keyword] = Tag(keyword)
    return _tags[keyword]


def numbers(dataset: Dataset, keyword: str) -> tuple[float, ...]:
    """The values of a numeric attribute.

    Spaces around them and a decimal comma are understood. The bytes are read here and not by pydicom, which takes
    longer, and whose errors and warnings quote the value.

    Args:
        dataset: where the attribute may be.
        keyword: its name.

    Returns:
        the values that are there; none where the attribute is absent or empty.

    Raises:
        InputError: for a value that is no finite number; the message has no value of the file.
    """
    element = dataset.get_item(tag_of(keyword))
    if element is None or element.value is None:
        return ()
    try:
        found = _parse(element)
    except (ValueError, TypeError, OverflowError):
        raise bad_header(f"{keyword} is not a number") from None
    if not all(math.isfinite(number) for number in found):
        raise bad_header(f"{keyword} is not finite")
    return tuple(found)


def _parse(element: DataElement | RawDataElement) -> list[float]:
    if isinstance(element, DataElement):
        return [float(item) for item in _listed(element.value)]
    # The VR "UN", and the absent one of implicit VR files, say nothing; "US or SS" is read as unsigned.
    vr = element.VR if element.VR in _BINARY or element.VR in _TEXT else dictionary_VR(element.tag)[:2]
    value = element.value or b""
    if vr in _BINARY:
        return np.frombuffer(value, dtype=("<" if element.is_little_endian else ">") + _BINARY[vr]).tolist()
    return [float(text.replace(",", ".")) for text in _texts(value) if text]


def first_number(dataset: Dataset, keyword: str) -> float | None:
    """The first of :func:`numbers`, if there is one."""
    found = numbers(dataset, keyword)
    return found[0] if found else None


def whole_number(dataset: Dataset, keyword: str, default: int | None = None) -> int:
    """The first of :func:`numbers`, which must be a whole number of 0 or more; ``default`` where it is absent.

    Raises:
        InputError: for another number, and where it is absent and there is no default.
    """
    number = first_number(dataset, keyword)
    if number is None:
        if default is None:
            raise bad_header(f"{keyword} is missing")
        return default
    if number != int(number) or number < 0:
        raise bad_header(f"{keyword} is not a whole number")
    return int(number)


def first_text(dataset: Dataset, keyword: str) -> str:
    """The first value of a code such as Modality, in upper case; empty where the attribute is absent."""
    element = dataset.get_item(tag_of(keyword))
    if element is None or not element.value:
        return ""
    if isinstance(element, DataElement):
        return str(_listed(element.value)[0]).strip().upper()
    return _texts(element.value)[0].upper()


def bad_header(reason: str) -> InputError:
    """The error for a header that has ``reason``, which must name attributes only and quote no value of the file."""
    return InputError(f"the DICOM header makes no sense: {reason}. Export the file again from its source.")


def _texts(value: bytes) -> list[str]:
    return [text.strip(" \0\t\r\n") for text in value.decode("ascii", "replace").split("\\")]


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, MultiValue | list) else [value] if value != "" else []
