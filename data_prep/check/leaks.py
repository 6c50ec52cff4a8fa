"""Images that are known elsewhere: what a model is tested on must not be what it is trained on."""

from collections.abc import Iterator, Sequence

from data_prep.check.files import Seen
from monai_ssl.data.datalist_entries import LISTS, split_of
from monai_ssl.data.datalist_problem import Problem

__all__ = ["duplicate_notes", "duplicate_problems", "header_notes"]

_SHOWN = 3


def duplicate_problems(seen: Sequence[Seen]) -> Iterator[Problem]:
    """The images whose pixels are those of an image in another split.

    Args:
        seen: the images that can be read.
    """
    for first, *others in _alike(seen):
        for other in others:
            if split_of(other.key) != split_of(first.key):
                yield Problem(
                    "duplicates across splits",
                    (first.place, other.place),
                    f"have the same pixels but are in different splits ({first.images[0].name}, "
                    f"{other.images[0].name})",
                    "Remove one of them.",
                )


def duplicate_notes(seen: Sequence[Seen]) -> Iterator[str]:
    """The images whose pixels are those of another in the same split.

    Args:
        seen: the images that can be read.
    """
    known: list[str] = []
    twice: dict[str, list[str]] = {key: [] for key in LISTS}
    for images in _alike(seen):
        by_list = {key: [item.place for item in images if item.key == key] for key in LISTS}
        for key, places in by_list.items():
            twice[key] += [f"{place} as {places[0]}" for place in places[1:]]
        if by_list["labeled"]:
            known += [f"{place} as {by_list['labeled'][0]}" for place in by_list["unlabeled"]]
    if known:
        yield (
            f"{_many(known)} of unlabeled with the same pixels as labeled ones ({_some(known)}): their labels are "
            "known, so that less is unlabeled than the numbers say."
        )
    for key, pairs in twice.items():
        if pairs:
            yield f"{_many(pairs)} of {key} with the same pixels as others of this list ({_some(pairs)})."


def header_notes(seen: Sequence[Seen]) -> Iterator[str]:
    """What the PatientIDs in DICOM headers tell, which the data list's own patients may contradict.

    Args:
        seen: the images that can be read.
    """
    firsts: dict[str, Seen] = {}
    torn = []
    for item in seen:
        if item.look.patient is not None:
            first = firsts.setdefault(item.look.patient, item)
            if split_of(first.key) != split_of(item.key) and first.entry["patient"] != item.entry["patient"]:
                torn.append(f"{item.place} as {first.place}")
    if torn:
        yield (
            f"{_many(torn)} with the PatientID, in the DICOM header, of another patient's image in another split "
            f"({_some(torn)}): if the PatientIDs are real, patients are in several splits."
        )
    named = [item.place for item in seen if item.look.named]
    if named:
        yield f"{_many(named)} with a path that contains the PatientID of the DICOM header ({_some(named)})."


def _alike(seen: Sequence[Seen]) -> list[list[Seen]]:
    """Groups of images with the same pixels. An entry that names the files of another is another problem."""
    groups: dict[str, dict[tuple[object, ...], Seen]] = {}
    for item in seen:
        if item.look.content:
            groups.setdefault(item.look.content, {}).setdefault(item.images, item)
    return [list(group.values()) for group in groups.values() if len(group) > 1]


def _many(items: Sequence[str]) -> str:
    return "1 image" if len(items) == 1 else f"{len(items)} images"


def _some(items: Sequence[str]) -> str:
    return ", ".join(items[:_SHOWN]) + (", ..." if len(items) > _SHOWN else "")
