"""The scanners of the demo: the ways in which real headers store the same Hounsfield units."""

from dataclasses import dataclass

import numpy as np

from data_prep.demo.fields import Volume

__all__ = ["SCANNERS", "Scanner", "scanner_of"]


@dataclass(frozen=True)
class Scanner:
    """How one scanner stores its images; stored values are mapped by value = slope * stored + intercept.

    Args:
        name: the model, as the header gives it.
        slope: Hounsfield units a stored step.
        intercept: value of the stored zero.
        windows: pairs (center, width) of the header.
        bits: bits stored.
        signed: whether stored values have a sign.
        padding: stored value outside the circular field of view; ``None`` where the scanner images the whole square.
        inverted: whether the image is MONOCHROME1, with low values bright; its values are then minus the Hounsfield
            units, so that bone is bright on it as on the others.
    """

    name: str
    slope: float
    intercept: float
    windows: tuple[tuple[float, float], ...]
    bits: int = 16
    signed: bool = True
    padding: int | None = None
    inverted: bool = False

    def store(self, hu: Volume) -> np.ndarray:
        """Hounsfield units, shape (slices, rows, columns), as the 16-bit integers of the file."""
        values = -hu if self.inverted else hu
        low = -(2 ** (self.bits - 1)) if self.signed else 0
        stored = np.clip(np.rint((values - self.intercept) / self.slope), low, low + 2**self.bits - 1)
        if self.padding is not None:
            ticks = np.arange(hu.shape[-1]) - (hu.shape[-1] - 1) / 2
            stored[:, np.hypot(ticks[:, None], ticks) > hu.shape[-1] / 2] = self.padding
        return stored.astype("<i2" if self.signed else "<u2")


SCANNERS = (
    Scanner("Phantom A", 1, -1024, ((40, 80),), bits=12, signed=False),
    Scanner("Phantom B", 1, 0, ((35, 100),), padding=-2000),
    Scanner("Phantom C", 2, -1024, ((36, 80), (36, 80)), bits=12, signed=False),
    Scanner("Phantom D", 1, -1024, ((30, 80),), padding=-2000),
    Scanner("Phantom E", 0.5, -8192, ((40, 90), (600, 2800)), signed=False),
)
"""What most patients are scanned on, in turns."""

_INVERTED = Scanner("Phantom F", 1, -4096, ((-38, 80),), signed=False, inverted=True)
_INVERTED_PATIENT = 6


def scanner_of(patient: int) -> Scanner:
    """The scanner of patient number ``patient``, counted from 0; one patient of the set has a MONOCHROME1 scanner."""
    return _INVERTED if patient == _INVERTED_PATIENT else SCANNERS[patient % len(SCANNERS)]
