"""Every bundle's network in every format, read back by hand."""

import dataclasses
import json
import sys
import zipfile

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx.reference import ReferenceEvaluator
from scipy.special import expit, softmax
from torch import nn

from monai_ssl.errors import InputError
from monai_ssl.export import FORMATS, export_bundle
from monai_ssl.networks import MeanProbability
from tests.bundles.helpers import REPOSITORY
from tests.export.models import SMALL, make_model, make_network

TINY = {"image_size": 32}
PATCHES = {"patch_size": [16, 16, 16]}
FLAT = {"spatial_dims": 2, "image_size": 32, "channels": 1, "modalities": [], "windows": ["auto"]}
MASKS = ("segmentation_inference",)
CASES = {
    "noteacher": ("noteacher", ("inference",), TINY | {"windows": ["brain", "bone"]}, (2, 32, 32)),
    "noteacher in 3D": ("noteacher", MASKS, PATCHES, (4, 16, 16, 16)),
    "noteacher in 2D": ("noteacher", MASKS, FLAT | {"mask_form": "regions"}, (1, 32, 32)),
    "supervised": (
        "supervised",
        ("inference",),
        {"image_size": 16, "task": "multiclass", "spatial_dims": 3},
        (1, 16, 16, 16),
    ),
    "supervised, swinunetr": ("supervised", MASKS, FLAT | {"image_size": 64, "architecture": "swinunetr"}, (1, 64, 64)),
    "mean_teacher": ("mean_teacher", ("inference",), TINY, (1, 32, 32)),
    "mean_teacher in 2D": ("mean_teacher", MASKS, FLAT | {"architecture": "dynunet"}, (1, 32, 32)),
    "robust": ("robust_pseudo_label", ("inference",), FLAT | {"architecture": "segresnet"}, (1, 32, 32)),
    "robust, classes": ("robust_pseudo_label", ("classification_inference",), TINY, (3, 32, 32)),
    "srcl": ("srcl", ("inference",), TINY, (3, 32, 32)),
    **{
        f"s4mtl, {name}": ("s4mtl", ("inference",), TINY | SMALL | {"architecture": name}, (1, 32, 32))
        for name in ("adversarial", "branched", "mask", "diagnosis")
    },
}
# torch.export takes seconds: one of each kind.
WITH_PROGRAM = ("noteacher", "s4mtl, branched")
FIXED = ("supervised, swinunetr", "s4mtl, adversarial", "s4mtl, diagnosis")


def export(folder, bundle, names, formats, **options):
    files = [f"{name}.json" for name in names]
    return export_bundle(
        REPOSITORY / "bundles" / bundle, folder / "out", files, folder / "models", formats=formats, **options
    )


def run_onnx(path, image):
    """The outputs of an ONNX file, by name."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, {"image": image.numpy()}), strict=True))


def contents(path):
    """The bytes of a file, or of each file in it."""
    if not zipfile.is_zipfile(path):
        return [path.read_bytes()]
    with zipfile.ZipFile(path) as archive:
        return [archive.read(name) for name in archive.namelist()]


def assert_same(given, expected):
    """Outputs of one kind: a dictionary by name in the same order, or a tensor."""
    if isinstance(expected, dict):
        assert list(given) == list(expected)
        for name, value in expected.items():
            np.testing.assert_allclose(given[name], value, atol=2e-5, rtol=1e-5)
    else:
        np.testing.assert_allclose(given, expected, atol=2e-5, rtol=1e-5)


@pytest.mark.parametrize("case", CASES)
def test_a_bundles_network_is_exported(case, tmp_path):
    bundle, names, changes, shape = CASES[case]
    network, info = make_model(tmp_path / "models", bundle, names, **changes)
    formats = ["pt", "ts", "onnx", *(["pt2"] if case in WITH_PROGRAM else [])]
    header, *rows = export(tmp_path, bundle, names, formats)
    out = tmp_path / "out"
    assert [row[0] for row in rows] == [f"model.{name}" for name in formats]
    assert sorted(path.name for path in out.iterdir()) == sorted(
        [*(row[0] for row in rows), "model.json", "preprocessing.json", "model_card.md"]
    )
    assert json.loads((out / "model.json").read_text()) == info
    for path in out.iterdir():
        for content in contents(path):
            assert not any(str(folder).encode() in content for folder in (REPOSITORY, tmp_path, sys.prefix)), path.name
    fresh = make_network(bundle, names, info)
    fresh.load_state_dict(torch.load(out / "model.pt", weights_only=True))
    scripted = torch.jit.load(out / "model.ts")
    program = torch.export.load(out / "model.pt2").module() if "pt2" in formats else None
    for size in (1, 4):
        image = torch.randn(size, *shape)
        with torch.no_grad():
            expected = network(image)
            assert_same(fresh(image), expected)
            assert_same(scripted(image), expected)
            if program:
                assert_same(program(image), expected)
        found = run_onnx(out / "model.onnx", image)
        assert_same(found if isinstance(expected, dict) else found["logits"], expected)
    free = dict(zip(header, rows[2], strict=True))["image size"] == "free"
    assert free == (case not in FIXED)
    if free:
        image = torch.randn(2, shape[0], *(2 * side for side in shape[1:-1]), shape[-1])
        with torch.no_grad():
            expected = network(image)
        found = run_onnx(out / "model.onnx", image)
        assert_same(found if isinstance(expected, dict) else found["logits"], expected)


def test_what_an_onnx_file_says_of_itself_and_gives_by_the_standard(tmp_path):
    network, _ = make_model(tmp_path / "models", "s4mtl", ("inference",), **TINY, **SMALL)
    export(tmp_path, "s4mtl", ("inference",), ["onnx"])
    model = onnx.load(tmp_path / "out" / "model.onnx")
    shapes = {
        value.name: [axis.dim_param or axis.dim_value for axis in value.type.tensor_type.shape.dim]
        for value in (*model.graph.input, *model.graph.output)
    }
    assert shapes == {"image": ["batch", 1, 32, 32], "mask": ["batch", 1, 32, 32], "diagnosis": ["batch", 3]}
    image = torch.randn(2, 1, 32, 32)
    mask, diagnosis = ReferenceEvaluator(model).run(None, {"image": image.numpy()})
    with torch.no_grad():
        assert_same({"mask": mask, "diagnosis": diagnosis}, network(image))


@pytest.mark.parametrize(("task", "function"), [("multilabel", expit), ("multiclass", lambda x: softmax(x, axis=1))])
def test_the_average_is_that_of_the_two_networks_probabilities(task, function, tmp_path):
    average, info = make_model(tmp_path / "both" / "models", "noteacher", ("inference",), task=task, **TINY)
    for name, network in average.networks.items():
        make_model(tmp_path / name / "models", "noteacher", ("inference",), network, **info | {"output": name})
    image, found = torch.randn(3, 1, 32, 32), {}
    for name in ("both", "F1", "F2"):
        export(tmp_path / name, "noteacher", ("inference",), ["onnx"])
        found[name] = function(run_onnx(tmp_path / name / "out" / "model.onnx", image)["logits"].astype(np.float64))
    assert np.abs(found["F1"] - found["F2"]).max() > 0.01
    np.testing.assert_allclose(found["both"], (found["F1"] + found["F2"]) / 2, atol=1e-6)


@pytest.mark.parametrize("task", ["multilabel", "multiclass"])
def test_the_average_of_certain_networks_in_onnx(task, tmp_path):
    """Where the runtime's sigmoid is 0, its logarithm would be infinite."""

    class Scale(nn.Module):
        def __init__(self, factor):
            super().__init__()
            self.factor = nn.Parameter(torch.tensor(factor))

        def forward(self, image):
            return image * self.factor

    mean = MeanProbability({"a": Scale(1.0), "b": Scale(0.9)}, task).eval()
    image = torch.tensor([[-200.0, -25.0, -9.0, 0.0, 9.0, 25.0, 200.0]])
    torch.onnx.export(mean, (image,), tmp_path / "model.onnx", input_names=["image"], dynamo=False)
    (found,) = run_onnx(tmp_path / "model.onnx", image).values()
    np.testing.assert_allclose(found, mean.double()(image.double()).detach(), rtol=1e-5, atol=1e-5)


def test_a_format_that_gives_something_else_is_an_error_and_leaves_nothing(tmp_path, monkeypatch):
    make_model(tmp_path / "models", "mean_teacher", ("inference",), **TINY)
    read = FORMATS["ts"].read

    def distorted(source, path):
        run = read(source, path)
        return lambda image: {name: value * (1 + 1e-4) for name, value in run(image).items()}

    monkeypatch.setitem(FORMATS, "ts", dataclasses.replace(FORMATS["ts"], read=distorted))
    with pytest.raises(InputError, match=r"model\.ts: read back, its logits differ by .*; 1e-05 is allowed"):
        export(tmp_path, "mean_teacher", ("inference",), ["pt", "ts"])
    assert [path.name for path in tmp_path.iterdir()] == ["models"]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_not_finite_is_not_the_same(value, tmp_path, monkeypatch):
    make_model(tmp_path / "models", "mean_teacher", ("inference",), **TINY)
    broken = dataclasses.replace(
        FORMATS["ts"], read=lambda *_: lambda image: {"logits": image.new_full((len(image), 5), value)}
    )
    monkeypatch.setitem(FORMATS, "ts", broken)
    with pytest.raises(InputError, match="read back"):
        export(tmp_path, "mean_teacher", ("inference",), ["ts"])


def test_a_network_that_cannot_be_a_program_is_exported_in_the_other_formats(tmp_path, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError(f"data-dependent control flow\nin {tmp_path}")

    make_model(tmp_path / "models", "mean_teacher", ("inference",), **TINY)
    monkeypatch.setattr(torch.export, "export", fail)
    *_, last = export(tmp_path, "mean_teacher", ("inference",), ["pt", "pt2"])
    assert last[:3] == ("model.pt2", "torch.export", "not possible for this network (data-dependent control flow)")
    assert not (tmp_path / "out" / "model.pt2").exists()
    assert "not possible for this network (data-dependent" in (tmp_path / "out" / "model_card.md").read_text()
