"""What becomes of the files of a series: a volume of which slices, in which order, at which place, or none."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data_prep.pipeline.writing import converted_path
from data_prep.series.geometry import (
    REPORTED_TILT,
    Geometry,
    find_places,
    measure_stack,
    plane_axes,
    refuse_few,
    refuse_uneven,
)
from data_prep.series.groups import Stack, coordinates
from data_prep.series.header import ImageHeader
from data_prep.series.pixels import VolumeJob
from data_prep.series.planes import AXIAL, guess_plane
from monai_ssl.errors import InputError

__all__ = ["Plan", "plan_volume"]

# To be raised with every change of what is made of a series.
_VERSION = 2


@dataclass(frozen=True)
class Plan:
    """What becomes of a stack.

    Attributes:
        stack: the files.
        slices: their number, without those that are there twice.
        geometry: where it can be measured.
        notes: what is to be told.
        job: the volume to write; None where there can be none.
        error: why there is none.
    """

    stack: Stack
    slices: int
    geometry: Geometry | None = None
    notes: tuple[str, ...] = ()
    job: VolumeJob | None = None
    error: str = ""


@dataclass(frozen=True)
class _Order:
    """The files at each place along the normal, where all slices are, and what is to be told.

    Attributes:
        places: the files at each place, by their index.
        positions: shape (N, 3), in mm.
        orientation: as in ImageOrientationPatient, or what it is taken to be.
        notes: what is to be told.
    """

    places: list[list[int]]
    positions: NDArray[np.float64]
    orientation: tuple[float, ...]
    notes: tuple[str, ...] = ()


def plan_volume(stack: Stack, folder: Path, output: Path, salt: bytes) -> Plan:
    """Sort and measure the slices of a stack.

    Args:
        stack: the files.
        folder: the source folder.
        output: the data set's folder.
        salt: of the data set.
    """
    headers = stack.headers
    first = headers[0]
    plan = Plan(stack, sum(header.frames for header in headers), notes=stack.notes)
    try:
        order = _sort_frames(first) if first.frames > 1 else _sort_slices(headers)
        plan = replace(plan, slices=len(order.positions), notes=(*plan.notes, *order.notes))
        if not first.spacing:
            raise InputError("PixelSpacing is missing. Export the files again from their source.")
        geometry = measure_stack(order.positions, order.orientation, first.spacing)
        plan = replace(plan, geometry=geometry)
        refuse_uneven(geometry)
    except InputError as error:
        return replace(plan, error=f"{stack.name}: {error}")
    files = [folder / header.name for header in headers]
    states = [(path.absolute(), path.stat().st_size, path.stat().st_mtime_ns) for path in files[1:]]
    target = converted_path(output, salt, files[0], "volume", _VERSION, *states, suffix=".nii.gz")
    places = tuple(tuple(files[index] for index in place) for place in order.places)
    job = VolumeJob(stack.name, target, places, geometry.affine)
    return replace(plan, job=job, notes=(*plan.notes, *_remarks(geometry, headers)))


def _sort_frames(header: ImageHeader) -> _Order:
    """The frames of an object, which are sorted by its reader."""
    if len(header.positions) != header.frames or not header.orientation:
        raise InputError("the frames of this object have no positions, as those of a film. Leave it out.")
    return _Order([[0]], np.array(header.positions), header.orientation)


def _sort_slices(headers: Sequence[ImageHeader]) -> _Order:
    along = coordinates(headers)
    refuse_few(len(headers))
    if along is None:
        raise InputError("the slices have neither positions nor numbers. Export them again from their source.")
    places = find_places(along)
    refuse_few(len(places))
    copies = len(headers) - len(places)
    notes = (f"slices that are there again and not used: {copies}",) if copies else ()
    first = headers[0]
    if first.positions:
        positions = np.array([headers[place[0]].positions[0] for place in places])
        if first.orientation:
            return _Order(places, positions, first.orientation, notes)
        plane = guess_plane([header.positions[0] for header in headers])
        guessed = f"no orientation: sorted by position; that slices are {plane.name}, the usual way round, is a guess"
        return _Order(places, positions, plane.orientation, (*notes, guessed))
    if first.distance is None:
        raise InputError("the slices have neither positions nor a spacing. Export them again from their source.")
    numbers = np.array([along[place[0]] for place in places])
    # Numbers may go in steps of two; a number that is left out is a slice that is missing all the same.
    counts = (numbers - numbers[0]) / np.median(np.diff(numbers))
    orientation = first.orientation or AXIAL.orientation
    normal = plane_axes(orientation)[2]
    unknown = "no positions: sorted by InstanceNumber, with the spacing of the header; the place is not known"
    return _Order(places, np.outer(counts, normal * first.distance), orientation, (*notes, unknown))


def _remarks(geometry: Geometry, headers: Sequence[ImageHeader]) -> list[str]:
    """What is unusual and still a volume."""
    remarks = []
    stated = abs(headers[0].tilt)
    if geometry.tilt > REPORTED_TILT:
        remarks.append(
            f"the slices are tilted by {geometry.tilt:.2f} degrees: the affine has a shear, which some programs refuse"
        )
    elif stated > REPORTED_TILT:
        remarks.append(f"the header tells of a gantry tilt of {stated:.2f} degrees, which positions do not show")
    if geometry.is_uneven:
        remarks.append(f"the steps between slices differ by up to {geometry.uneven:.3f} mm")
    if any(header.inverted for header in headers):
        remarks.append("low values are bright in these files (MONOCHROME1); the values are kept")
    return remarks
