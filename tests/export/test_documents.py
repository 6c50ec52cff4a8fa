"""An application that has the exported files alone gives what the bundle's own inference gives."""

import csv
import json
import shutil

import numpy as np
import onnxruntime
import pydicom
from scipy.special import expit

from monai_ssl.export import export_bundle
from tests.bundles.helpers import REPOSITORY, run_bundle
from tests.export.models import make_model

WINDOWS = {"brain": (0, 80), "bone": (-800, 2000)}


def resize(image, size, axis):
    """By the card: pixel i is the mean of those from floor(i m / n) to ceil((i + 1) m / n) - 1."""
    lines = np.moveaxis(image, axis, 0)
    edges = [(place * len(lines) // size, -(-(place + 1) * len(lines) // size)) for place in range(size)]
    return np.moveaxis(np.stack([lines[first:last].mean(axis=0) for first, last in edges]), 0, axis)


def prepare(path, steps):
    """A DICOM file as the network takes it, by ``preprocessing.json`` and the card."""
    header = pydicom.dcmread(path)
    hu = header.pixel_array * float(header.RescaleSlope) + float(header.RescaleIntercept)
    channels = []
    for name in steps["LoadRadiologyImaged"]["windows"]:
        low, high = WINDOWS[name]
        scaled = np.clip((hu - low) / (high - low), 0, 1)
        scaled = 1 - scaled if header.PhotometricInterpretation == "MONOCHROME1" else scaled
        padding = header.get("PixelPaddingValue")
        padded = np.zeros_like(hu, dtype=bool) if padding is None else header.pixel_array == padding
        channels.append(np.where(padded | (hu < -1500), 0, scaled))
    image = np.stack(channels)
    for axis, size in enumerate(steps["Resized"]["spatial_size"], start=1):
        image = resize(image, size, axis)
    return image.astype(np.float32)


def test_by_the_documents(demo, tmp_path):
    images = tmp_path / "images"
    images.mkdir()
    kinds = set()
    for path in sorted((demo / "images").iterdir())[:16]:
        header = pydicom.dcmread(path, stop_before_pixels=True)
        kinds.add((header.PhotometricInterpretation, "PixelPaddingValue" in header))
        shutil.copy(path, images)
    assert {kind for kind, _ in kinds} == {"MONOCHROME1", "MONOCHROME2"}
    assert {padded for _, padded in kinds} == {True, False}
    make_model(tmp_path / "models", "noteacher", ("inference",), modality="CT", image_size=32, windows=[*WINDOWS])
    where = {"bundle_root": str(tmp_path), "dataset_dir": str(images), "device": "cpu"}
    run_bundle("noteacher", ("inference",), "infer", "inference", **where)
    out = tmp_path / "out"
    export_bundle(REPOSITORY / "bundles/noteacher", out, model_dir=tmp_path / "models", formats=["onnx"])
    content = json.loads((out / "preprocessing.json").read_text())
    steps = {step["transform"].rsplit(".", 1)[-1]: step["arguments"] for step in content["preprocessing"]}
    output = content["outputs"]["logits"]
    assert (output["activation"], content["input"]["shape"]) == ("sigmoid", ["batch", 2, 32, 32])
    session = onnxruntime.InferenceSession(out / "model.onnx", providers=["CPUExecutionProvider"])
    with (tmp_path / "eval/predictions.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    batch = np.stack([prepare(images / row["image"], steps) for row in rows])
    found = expit(session.run(["logits"], {"image": batch})[0])
    expected = [[float(row[f"probability_{name}"]) for name in output["channels"]] for row in rows]
    assert len(rows) == 16
    assert np.ptp(expected, axis=0).max() > 1e-3
    np.testing.assert_allclose(found, expected, atol=1e-5)
