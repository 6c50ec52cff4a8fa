"""``python -m data_prep check``: whether a data list can be used, whoever made it."""

import argparse
from collections.abc import Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

from data_prep.check.counts import class_notes, count_shown, summary_table
from data_prep.check.files import Seen, file_problems, look_at, missing_problems
from data_prep.check.leaks import duplicate_notes, duplicate_problems, header_notes
from data_prep.check.picture import datalist_figure
from data_prep.check.samples import choose_samples
from data_prep.check.thumbnails import Thumbnail, View, make_thumbnail
from data_prep.pipeline.options import add_workers_argument
from data_prep.workers.pool import run_jobs
from monai_ssl.data.datalist_checks import missing_files
from monai_ssl.data.datalist_entries import LISTS
from monai_ssl.data.datalist_file import read_content
from monai_ssl.data.datalist_problem import Problem
from monai_ssl.data.datalist_problems import HEAD_KIND, PATHS_KIND, find_problems
from monai_ssl.errors import InputError
from monai_ssl.reports.figures import save_figure

__all__ = ["HELP", "add_arguments", "run"]

HELP = """Check a data list, whoever made it, and draw a picture of it.

DIR holds a datalist.json. Every image and mask is read. All problems are told, not only the first: entries and labels
that are none, files that are missing, cannot be read or are of another kind than the data list says, masks that do not
fit, and patients or copies of an image in two splits. A table shows what the lists hold, and a picture too, which has
samples of the images: it is to be kept as they are.

The exit code is 0 when the data list can be used, 1 when problems were found, 2 when there is nothing to check.
"""

_SHOWN = 5
_FORMATS = (".png", ".pdf", ".svg", ".jpg")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="folder of the datalist.json")
    parser.add_argument(
        "--picture", metavar="FILE", help="the picture to write, or none for no picture (DIR/datalist.png)"
    )
    add_workers_argument(parser)


def run(options: argparse.Namespace) -> int:
    """Check a data list and print what is found.

    Returns:
        0, or 1 when problems were found.

    Raises:
        InputError: when there is no data list that could be checked, or the picture cannot be written.
    """
    folder: Path = options.folder
    picture = None if options.picture == "none" else Path(options.picture or folder / "datalist.png")
    if picture is not None and picture.suffix.lower() not in _FORMATS:
        raise InputError(f"{picture}: pictures of this kind are not written. Give a name in {', '.join(_FORMATS)}.")
    content = read_content(folder)
    problems = list(find_problems(content, folder))
    content = _without_entries(content, {place for p in problems if p.kind == PATHS_KIND for place in p.places})
    headless = any(problem.kind == HEAD_KIND for problem in problems)
    missing = missing_files(content, folder)
    problems += missing_problems(missing)
    seen = look_at(
        content,
        folder,
        without={place for place, _ in missing},
        regions={} if headless else content.get("masks", {}),
        workers=options.workers,
    )
    problems += file_problems(content, seen)
    readable = [item for item in seen if not item.look.error]
    problems += duplicate_problems(readable)
    _print_problems(problems)
    if headless:
        print("Masks were not checked, and there is no table and no picture: mend the head of the data list first.")
        return 1
    mislabeled = {problem.places[0] for problem in problems if problem.kind == "labels"}
    known = [item for item in readable if item.place not in mislabeled]
    counts = count_shown(content, [item for item in seen if item.place not in mislabeled])
    notes = [*duplicate_notes(readable), *header_notes(readable), *class_notes(content, counts)]
    if notes:
        print("\n".join(["notes:", *(f"  {note}" for note in notes)]))
    print(summary_table(content, counts))
    if picture is not None:
        save_figure(datalist_figure(content, _thumbnails(content, known, options.workers), counts), picture)
        print(f"picture: {picture}")
    return 1 if problems else 0


def _without_entries(content: Mapping[str, Any], places: set[str]) -> dict[str, Any]:
    """The data list with nothing in these places, so that all others keep theirs."""
    lists = {
        key: [None if f"{key}[{index}]" in places else entry for index, entry in enumerate(content[key])]
        for key in LISTS
        if isinstance(content.get(key), list)
    }
    return {**content, **lists}


def _print_problems(problems: Sequence[Problem]) -> None:
    """The problems by their kind, of each the first few."""
    kinds: dict[str, list[Problem]] = {}
    for problem in problems:
        kinds.setdefault(problem.kind, []).append(problem)
    for kind, alike in kinds.items():
        print(f"PROBLEM: {kind} ({len(alike)})")
        for problem in alike[:_SHOWN]:
            print(f"  {problem.sentence}. {problem.remedy}")
        if len(alike) > _SHOWN:
            print(f"  ... and {len(alike) - _SHOWN} more")
    if not problems:
        print("No problems were found.")


def _thumbnails(content: Mapping[str, Any], seen: Sequence[Seen], workers: int) -> list[tuple[str, list[Thumbnail]]]:
    """The samples of each row; those that cannot be made small are left out."""
    rows = choose_samples(content, seen)
    jobs: list[View] = [view for row in rows for view in row.views]
    made = run_jobs(
        make_thumbnail, jobs, workers=workers, description="drawing samples", name=lambda view: str(view.images[0])
    )
    drawn = list(made)
    starts = accumulate((len(row.views) for row in rows), initial=0)
    return [
        (row.title, [item for item in drawn[start : start + len(row.views)] if isinstance(item, Thumbnail)])
        for row, start in zip(rows, starts, strict=False)
    ]
