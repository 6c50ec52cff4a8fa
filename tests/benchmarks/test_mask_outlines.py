"""The picture of masks without their images."""

import json

import nibabel as nib
import numpy as np
import pytest
from PIL import Image

from benchmarks import mask_outlines
from monai_ssl.data import DataList


def write(path, values):
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.save(nib.Nifti1Image(values, np.diag([-1.0, -1.0, 2.0, 1.0])), path)


@pytest.fixture
def folder(tmp_path):
    """One test volume; of its eight voxels of tumor six are found, and two others beside."""
    truth = np.zeros((6, 7, 5), np.uint8)
    truth[1:3, 2:4, 2:4] = 1
    predicted = np.roll(truth, 1, axis=0)
    predicted[1, 2:4, 2] = 1
    for name in "abc":
        write(tmp_path / "images" / f"{name}.nii.gz", np.random.RandomState(0).rand(6, 7, 5).astype(np.float32))
        write(tmp_path / "masks" / f"{name}.nii.gz", truth)
    write(tmp_path / "eval" / "images" / "a_mask.nii.gz", predicted)
    (tmp_path / "eval" / "volumes.csv").write_text(
        "image,mask,unit,tumor\nimages/a.nii.gz,images/a_mask.nii.gz,mm3,20\n"
    )
    test, labeled, validation = (
        [{"image": f"images/{name}.nii.gz", "label": f"masks/{name}.nii.gz", "patient": f"g_{name}"}] for name in "abc"
    )
    content = {"name": "x", "task": "segmentation", "labels": ["tumor"], "masks": {"tumor": [1]}, "modality": "MR"}
    content |= {
        "channels": 1,
        "spatial_dims": 3,
        "labeled": labeled,
        "unlabeled": [],
        "test": test,
        "validation": validation,
    }
    (tmp_path / "datalist.json").write_text(json.dumps(content))
    return tmp_path


def test_outlines_and_dice(folder, capsys):
    datalist = DataList.load(folder)
    row = mask_outlines.outline_row(datalist.test[0], mask_outlines.read_predictions(folder / "eval"), datalist.masks)
    # Six of both, eight true and ten predicted ones.
    assert row.caption == f"Dice {2 * 6 / 18:.2f}"
    assert row.label == "g_a"
    # Nothing of the image: black, and the three grays of masks.
    assert set(np.unique(row.image)) <= {np.float32(0), np.float32(0.35), np.float32(0.65), np.float32(1)}
    output = folder / "outlines.png"
    mask_outlines.main(["--dataset_dir", str(folder), "--masks", str(folder / "eval"), "--output", str(output)])
    assert "Figure" in capsys.readouterr().out
    with Image.open(output) as picture:
        assert min(picture.size) > 200
