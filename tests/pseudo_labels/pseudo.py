"""Small images, teachers and what a teacher says of them, for the tests of pseudo-labels."""

import nibabel as nib
import numpy as np
import torch
from PIL import Image

from monai_ssl.pseudo_labels import PseudoLabels

REGIONS = {"whole": [1, 2, 4], "core": [1, 4], "rim": [4]}
# To the left, to the back, up, and slightly oblique.
AFFINE = np.array([[-2.0, 0.0, 0.1, 30.0], [0.0, -3.0, 0.0, 20.0], [0.1, 0.0, 4.0, -10.0], [0, 0, 0, 1]])
SHAPE = (5, 6, 4)


def nifti_entries(folder, patients):
    """An image a patient, in axes that are not those of RAS."""
    folder.mkdir(exist_ok=True)
    entries = []
    for index, patient in enumerate(patients):
        path = folder / f"SECRET-{index}.nii.gz"
        values = np.random.default_rng(index).normal(size=SHAPE).astype(np.float32)
        nib.save(nib.Nifti1Image(values, AFFINE), path)
        entries.append({"image": str(path), "patient": patient})
    return entries


def picture_entries(folder, patients):
    folder.mkdir(exist_ok=True)
    entries = []
    for index, patient in enumerate(patients):
        path = folder / f"SECRET-{index}.png"
        Image.fromarray(np.random.default_rng(index).integers(0, 256, (7, 9)).astype(np.uint8)).save(path)
        entries.append({"image": str(path), "patient": patient})
    return entries


def teacher(folder, content=b"weights"):
    path = folder / "teacher.pt"
    path.write_bytes(content)
    return path


def labels(folder, task="segmentation", **settings):
    """The pseudo-labels in ``folder / "pseudo"`` of the teacher in ``folder``."""
    if task == "segmentation":
        settings = {"regions": REGIONS, **settings}
    return PseudoLabels(folder / "pseudo", folder / "teacher.pt", task, **settings)


def probabilities(index, channels=4, shape=SHAPE, softmax=True):
    logits = 3 * torch.randn((channels, *shape), generator=torch.Generator().manual_seed(index))
    return logits.softmax(dim=0) if softmax else logits.sigmoid()


def make(kept, entries, said, stop=None):
    """What a run does: all that is missing, up to ``stop`` images."""
    kept.start()
    missing = kept.missing(entries)
    for entry in missing[:stop]:
        kept.add(entry, said[entry["image"]])
    if stop is None:
        kept.finish()
    return missing


def files(folder):
    return {path.name: path.read_bytes() for path in (folder / "pseudo").iterdir() if path.is_file()}


def correct(path, change, affine=None):
    """What a viewer does: other header fields, another type, a voxel changed."""
    image = nib.load(path)
    mask = change(np.asarray(image.dataobj).astype(np.int16))
    saved = nib.Nifti1Image(mask, image.affine if affine is None else affine)
    saved.header["descrip"] = b"a viewer"
    saved.set_qform(saved.affine, code=1)
    nib.save(saved, path)


def one_more(mask):
    mask[0, 0, 0] = 1 if mask[0, 0, 0] != 1 else 2
    return mask
