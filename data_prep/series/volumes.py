"""DICOM series to volumes: one NIfTI file a series, with the values and the places that the files have."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from data_prep.pipeline.writing import is_written
from data_prep.records import Rejects, split_message
from data_prep.series.groups import group_series
from data_prep.series.header import ImageHeader, scan_header
from data_prep.series.pixels import write_volume
from data_prep.series.plan import Plan, plan_volume
from data_prep.series.report import SeriesRow, write_report
from data_prep.workers.pool import run_jobs
from monai_ssl.errors import InputError

__all__ = ["Volume", "series_to_volumes"]

_logger = logging.getLogger("monai_ssl")
_SECONDS = 1800.0  # a thousand compressed slices take minutes


@dataclass(frozen=True)
class Volume:
    """A series as one image.

    Attributes:
        path: the NIfTI file.
        name: the folder of its files below the source; ``#2`` is appended for a second series in one folder.
        patient: the real PatientID, which reaches no output.
        modality: of the DICOM headers.
    """

    path: Path
    name: str
    patient: str | None
    modality: str


def series_to_volumes(
    folder: Path, names: Sequence[str], *, output: Path, salt: bytes, workers: int, rejects: Rejects
) -> list[Volume]:
    """Write every series of a folder as a volume, but those that an earlier run has written and that are unchanged.

    Slices are sorted by their positions, never by name. A series whose slices are not evenly spaced, to a tenth of the
    usual gap, is set aside; smaller differences, tilted gantries and slices that are there twice are told of in
    ``OUTPUT/series.csv``, which has a line for each series. With a tilted gantry the axes of the affine are not at
    right angles, so that each pixel is where it was measured; nothing is resampled.

    Args:
        folder: the source folder.
        names: POSIX paths of its files below it.
        output: the data set's folder; volumes are written below ``images``.
        salt: of the data set.
        workers: the number of processes.
        rejects: gets files and series that cannot be used.

    Returns:
        The volumes, in the order of the names of their first files.
    """
    headers = _scan(folder, names, salt=salt, workers=workers, rejects=rejects)
    plans = [plan_volume(stack, folder, output, salt) for stack in group_series(headers, folder.absolute().name)]
    errors = _write([plan for plan in plans if plan.job is not None], workers)
    rows, volumes, failed = [], [], []
    for plan in plans:
        first = plan.stack.headers[0]
        error = plan.error if plan.job is None else errors.get(plan.job.target, "")
        if plan.job is not None and not error:
            volumes.append(Volume(plan.job.target, plan.stack.name, first.patient or None, first.modality))
            rows.append(_row(plan, plan.job.target.name, plan.notes))
        else:
            reason, remedy = _without_path(plan, error, folder)
            failed.append((plan.stack.name, reason, remedy))
            rows.append(_row(plan, "", (*plan.notes, f"set aside: {reason}")))
    write_report(output, rows)
    for name, reason, remedy in failed:
        rejects.add(name, reason, remedy)
    return volumes


def _scan(folder: Path, names: Sequence[str], *, salt: bytes, workers: int, rejects: Rejects) -> list[ImageHeader]:
    """The headers of all images but localizers."""
    found = []
    localizers = others = 0
    scan = partial(scan_header, folder=folder, salt=salt)
    results = run_jobs(scan, names, workers=workers, description="reading headers", name=str)
    for name, header in zip(names, results, strict=True):
        if isinstance(header, InputError):
            rejects.add_error(name, str(header))
        elif header.frames == 0:
            others += 1
        elif header.localizer:
            localizers += 1
        else:
            found.append(header)
    if localizers or others:
        _logger.info("%d localizers and %d DICOM files without an image are left out.", localizers, others)
    return found


def _write(plans: Sequence[Plan], workers: int) -> dict[Path, str]:
    """Write what is not there yet; the messages for those that cannot be, by their file."""
    jobs = [plan.job for plan in plans if plan.job is not None and not is_written(plan.job.target)]
    results = run_jobs(
        write_volume,
        jobs,
        workers=workers,
        description="writing volumes",
        name=lambda job: job.name,
        timeout=_SECONDS,
    )
    return {
        job.target: str(result) for job, result in zip(jobs, results, strict=True) if isinstance(result, InputError)
    }


def _without_path(plan: Plan, error: str, folder: Path) -> tuple[str, str]:
    """The reason and the remedy of a message, without the name of the series or of a file, which may tell a patient."""
    paths = [plan.stack.name, *(str(folder / header.name) for header in plan.stack.headers)]
    named = [path for path in paths if error.startswith(f"{path}: ")]
    return split_message(error, max(named, key=len, default=""))


def _row(plan: Plan, volume: str, notes: Sequence[str]) -> SeriesRow:
    return SeriesRow(volume, len(plan.stack.headers), plan.slices, plan.geometry, notes)
