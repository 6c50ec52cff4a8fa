"""What the model zoo's continuous integration checks of a bundle, on all of them, with its arguments.

The metadata's form is checked in `test_metadata_schema.py`, and runs as the zoo makes them are in `test_unpacked.py`.
"""

import json
import re
import shutil
from configparser import ConfigParser as SetupParser

import numpy as np
import onnxruntime
import pytest
import torch
from monai.bundle import ckpt_export, onnx_export, verify_net_in_out
from monai.data import load_net_with_metadata
from packaging.version import Version

from tests.bundles.helpers import ALL, REPOSITORY, S4MTL, content, workflow

SECTIONS = [
    *("Model Overview", "Data", "Training configuration", "Performance"),
    *("MONAI Bundle Commands", "References", "License"),
]


@pytest.fixture(
    scope="module", params=[pytest.param(name, marks=pytest.mark.xdist_group(f"zoo_{name}")) for name in ALL]
)
def zoo(request, tmp_path_factory):
    """``(name, folder, network)``: a bundle with a model, where the zoo would have it, and its network."""
    folder = tmp_path_factory.mktemp("models") / request.param
    shutil.copytree(REPOSITORY / "bundles" / request.param, folder)
    made = workflow(request.param, ("inference",), "infer", bundle_root=str(folder))
    network = made.parser.get_parsed_content("network_def").eval()
    (folder / "models").mkdir()
    torch.save(network.state_dict(), folder / "models" / "model.pt")
    return request.param, folder, network


def files(folder, **more):
    """The arguments that the zoo gives to MONAI's commands."""
    names = {"meta_file": "configs/metadata.json", "config_file": "configs/inference.json", **more}
    return {key: str(folder / name) for key, name in names.items()} | {
        "net_id": "network_def",
        "bundle_root": str(folder),
    }


@pytest.mark.parametrize("bundle", ALL)
def test_the_readme_has_the_zoos_sections(bundle):
    text = (REPOSITORY / "bundles" / bundle / "docs" / "README.md").read_text()
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == SECTIONS
    training = text.partition("## Training configuration")[2].partition("## Performance")[0]
    parts = re.findall(r"^### (.+)$", training, re.MULTILINE)
    assert [part for part in parts if part in ("Input", "Output")] == ["Input", "Output"]


@pytest.mark.parametrize("bundle", ALL)
def test_the_readmes_commands_name_what_there_is(bundle):
    text = (REPOSITORY / "bundles" / bundle / "docs" / "README.md").read_text()
    block = text.partition("## MONAI Bundle Commands")[2].replace("\\\n", " ")
    commands = re.findall(r"monai\.bundle run (\w+) +(.*--config_file.*)$", block, re.MULTILINE)
    assert {"training", "evaluating", "inference"} <= {run_id for run_id, _ in commands}
    for run_id, options in commands:
        merged = {}
        for folder, name in re.findall(r"bundles/(\w+)/configs/(\w+)\.json", options):
            assert folder == bundle
            merged |= content(bundle, name)
        assert run_id in merged
        given = set(re.findall(r"--([\w#]+)", options)) - {"config_file"}
        assert {name.partition("#")[0] for name in given} <= set(merged)


@pytest.mark.parametrize("bundle", ALL)
def test_versions(bundle):
    metadata = content(bundle, "metadata")
    assert metadata["version"] == max(metadata["changelog"], key=Version) == next(iter(metadata["changelog"]))
    tested = dict(line.split("==") for line in (REPOSITORY / "constraints.txt").read_text().split() if "==" in line)
    setup = SetupParser()
    setup.read(REPOSITORY / "setup.cfg")
    needed = [line.split()[0] for line in setup["options"]["install_requires"].strip().splitlines()]
    named = {"monai": "monai_version", "torch": "pytorch_version", "numpy": "numpy_version"}
    assert {metadata[key] for key in named.values()} == {tested[name] for name in named}
    assert metadata["required_packages_version"] == {name: tested[name] for name in needed if name not in named}


def test_the_network_takes_and_gives_what_the_metadata_say(zoo):
    verify_net_in_out(**files(zoo[1]), device="cpu")


def image_of(folder, count):
    """Random images of the shape that inference gives to the network."""
    tensor = json.loads((folder / "configs" / "metadata.json").read_text())["network_data_format"]["inputs"]["image"]
    size = 32 if len(tensor["spatial_shape"]) == 3 else 64
    return torch.rand(count, tensor["num_channels"], *[size] * len(tensor["spatial_shape"]))


def test_it_is_exported_to_torchscript(zoo):
    _, folder, network = zoo
    ckpt_export(**files(folder, filepath="models/model.ts", ckpt_file="models/model.pt"))
    loaded, metadata, extra = load_net_with_metadata(
        str(folder / "models/model.ts"), more_extra_files=["inference.json"]
    )
    assert metadata["network_data_format"] == content(zoo[0], "metadata")["network_data_format"]
    assert json.loads(extra["inference.json"]) == content(zoo[0], "inference")
    image = image_of(folder, 2)
    with torch.no_grad():
        torch.testing.assert_close(loaded(image), network(image))


def test_it_is_exported_to_onnx(zoo):
    """By the exporter that needs no package beyond those of the tests."""
    _, folder, network = zoo
    image = image_of(folder, 1)
    onnx_export(
        **files(folder, filepath="models/model.onnx", ckpt_file="models/model.pt"),
        input_shape=list(image.shape),
        use_trace=True,
        converter_kwargs={"dynamo": False},
    )
    session = onnxruntime.InferenceSession(folder / "models/model.onnx", providers=["CPUExecutionProvider"])
    (given,) = session.run(None, {session.get_inputs()[0].name: image.numpy()})
    with torch.no_grad():
        np.testing.assert_allclose(given, network(image).numpy(), rtol=1e-3, atol=1e-4)


def test_both_outputs_of_s4mtl_are_exported_when_asked_for(tmp_path):
    """`network_def` gives the mask alone, for tools that take one tensor; `backbone` both."""
    folder = tmp_path / S4MTL
    made = workflow(S4MTL, ("inference",), "infer", bundle_root=str(folder))
    network = made.parser.get_parsed_content("backbone").eval()
    torch.save(network.state_dict(), tmp_path / "model.pt")
    options = files(REPOSITORY / "bundles" / S4MTL) | {"net_id": "backbone", "bundle_root": str(folder)}
    where = {"filepath": str(tmp_path / "model.ts"), "ckpt_file": str(tmp_path / "model.pt")}
    ckpt_export(**options, **where, use_trace=True, converter_kwargs={"strict": False})
    image = torch.rand(3, 1, 64, 64)
    with torch.no_grad():
        expected, given = network(image), torch.jit.load(where["filepath"])(image)
    assert given.keys() == {"mask", "diagnosis"}
    for name, logits in expected.items():
        torch.testing.assert_close(given[name], logits)
