"""Decoding every image once, to see that it can be read and what it is."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from pydicom import dcmread
from pydicom.misc import is_dicom
from tqdm import tqdm

from monai_ssl.errors import InputError
from monai_ssl.transforms import LoadRadiologyImage

__all__ = ["Inspected", "inspect_images"]

# A grey picture stays grey with a coloured mark in a corner: its channels differ by less than this on average.
_COLOR_SPREAD = 0.01


@dataclass(frozen=True)
class Inspected:
    """What an image is. ``patient`` is the real identifier of a DICOM header: it must reach no output."""

    spatial_dims: int = 0
    color: bool = False
    modality: str | None = None
    patient: str | None = None
    error: str | None = None


def inspect_images(folder: Path, names: list[str]) -> dict[str, Inspected]:
    """Decode every image in threads, with a progress bar.

    Returns:
        For each image what it is, or an ``error`` that says why it cannot be read.
    """
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        results = pool.map(_inspect, [folder / name for name in names])
        shown = tqdm(results, total=len(names), desc="checking images", unit="image", disable=None)
        try:
            return dict(zip(names, shown, strict=True))
        except KeyboardInterrupt:
            pool.shutdown(cancel_futures=True)  # else the pool would first finish all images
            raise


def _inspect(path: Path) -> Inspected:
    try:
        image = LoadRadiologyImage(channels=3)(path)
    except InputError as error:
        return Inspected(error=str(error))
    spread = image.amax(dim=0) - image.amin(dim=0)
    color = float(spread.mean()) > _COLOR_SPREAD
    modality, patient = _header(path)
    return Inspected(image.ndim - 1, color, modality, patient)


def _header(path: Path) -> tuple[str | None, str | None]:
    """The modality and the patient in a DICOM file's header."""
    if not is_dicom(path) and path.suffix.lower() not in (".dcm", ".dicom"):
        return None, None
    header = dcmread(path, force=True, stop_before_pixels=True, specific_tags=["Modality", "PatientID"])
    return str(header.get("Modality") or "") or None, str(header.get("PatientID") or "").strip() or None
