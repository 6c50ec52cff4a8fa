"""What a scanner makes of a brain: four modalities, each with a scale, a shading and a noise of its own."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from data_prep.datasets.brats_layouts import MODALITIES
from data_prep.demo.brain_tumor.brain import Brain
from data_prep.demo.brain_tumor.distractors import Findings
from data_prep.demo.brain_tumor.frame import Frame
from data_prep.demo.brain_tumor.tumor import Tumor
from data_prep.demo.fields import Volume

__all__ = ["scan"]

# The signals of each tissue, in the order of the modalities: FLAIR, T1, T1 with contrast, T2.
_SIGNALS = {
    "white": (0.58, 1.00, 1.00, 0.42),
    "grey": (0.74, 0.73, 0.75, 0.58),
    "csf": (0.16, 0.30, 0.32, 1.20),
    "lesion": (1.02, 0.82, 0.82, 0.80),
    "edema": (1.10, 0.74, 0.74, 0.92),
    "necrosis": (0.58, 0.42, 0.46, 1.10),
    "solid": (0.94, 0.60, 0.62, 0.85),
    "rim": (0.90, 0.66, 1.45, 0.74),
    "plexus": (0.62, 0.55, 1.40, 0.80),
    "vessel": (0.36, 0.58, 1.60, 0.24),
}
_BLUR = {"flair": (0.35, 0.35, 0.6), "t1": (0.3, 0.3, 0.3), "t1ce": (0.3, 0.3, 0.3), "t2": (0.35, 0.35, 0.5)}  # voxels


def scan(
    rng: np.random.Generator, frame: Frame, brain: Brain, findings: Findings, tumor: Tumor
) -> dict[str, NDArray[np.int16]]:
    """Scan a subject in every modality.

    Returns:
        Volumes of shape (left, back, up): 0 outside the brain, and 1 or more inside.
    """
    texture = frame.noise(rng, 3.0)
    coarse = frame.noise(rng, 6.0)
    solid = rng.uniform(0.6, 1) if not tumor.rim.any() else max(0.0, rng.uniform(-0.5, 0.5))
    bleed = tumor.core * np.clip(coarse - 0.6, 0, 1) * (tumor.rim.any() and rng.random() < 0.25)
    uptake = rng.uniform(0.45, 1.2)  # of contrast, by the rim
    white = 1 - brain.csf - brain.grey
    axes = [axis[brain.inside] / np.float32(80) for axis in (frame.x, frame.y, frame.z)]
    images = {}
    for index, name in enumerate(MODALITIES):
        signal = {tissue: values[index] * rng.normal(1, 0.05) for tissue, values in _SIGNALS.items()}
        if name == "t1ce":
            signal["rim"] = signal["grey"] + uptake * (signal["rim"] - signal["grey"])
        core = signal["necrosis"] + solid * (signal["solid"] - signal["necrosis"])
        image = white * signal["white"] + brain.grey * signal["grey"] + brain.csf * signal["csf"]
        for share, value in (
            (findings.lesions, signal["lesion"]),
            (tumor.edema, signal["edema"] * (1 + 0.05 * coarse)),
            (tumor.core, core * (1 + 0.12 * texture)),
            (tumor.rim, signal["rim"] * (1 + 0.08 * texture)),
            (findings.plexus, signal["plexus"]),
            (findings.vessels * (1 - tumor.core), signal["vessel"]),
            (bleed, 1.15 if name in ("t1", "t1ce") else 0.5),
        ):
            image = image + share * (value - image)
        image = ndimage.gaussian_filter(image * (1 + 0.02 * texture) * brain.inside, _BLUR[name])
        images[name] = np.zeros(frame.shape, np.int16)
        images[name][brain.inside] = _acquire(rng, axes, image[brain.inside])
    return images


def _acquire(rng: np.random.Generator, axes: Sequence[Volume], signal: Volume) -> NDArray[np.int16]:
    """Shade signals smoothly, add Rician noise, and scale them as this scanner does.

    Args:
        rng: the source of randomness of this scan.
        axes: the coordinates of the voxels, from about -1 to 1.
        signal: of each voxel.
    """
    slope, bend = rng.normal(0, 0.09, (2, 3)).astype(np.float32)
    shading = sum(a * axis + b * axis**2 for a, b, axis in zip(slope, bend, axes, strict=True))
    sigma = np.float32(rng.uniform(0.015, 0.032))
    real, imaginary = sigma * rng.standard_normal((2, len(signal)), dtype=np.float32)
    measured = np.hypot(signal * np.exp(shading) + real, imaginary)
    level = np.exp(rng.uniform(np.log(50), np.log(220)))  # of white matter on T1
    return np.maximum(np.rint(level * measured), 1).astype(np.int16)
