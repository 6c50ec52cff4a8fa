"""What `metadata.json` says of images and outputs is what inference makes of a demo image, without a trained model."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from monai.bundle.scripts import _get_fake_spatial_shape
from monai.inferers import SlidingWindowInferer
from monai.transforms import Activationsd
from PIL import Image

from monai_ssl.data import DataList
from tests.bundles.helpers import ALL, DEMOS, content, workflow

ENDINGS = {".dcm": "dicom", ".gz": "nifti", ".jpg": "jpeg", ".png": "png"}
IMAGES = 6


@pytest.fixture(
    scope="module", params=[pytest.param(name, marks=pytest.mark.xdist_group(f"metadata_{name}")) for name in ALL]
)
def told(request, tmp_path_factory):
    """What is said, and what its inference, with the bundle's own settings, reads, takes and gives."""
    data = request.getfixturevalue(DEMOS[request.param])
    root = tmp_path_factory.mktemp(request.param)
    where = {"bundle_root": str(root), "dataset_dir": str(data / "images"), "device": "cpu"}
    made = workflow(request.param, ("inference",), "infer", **where)
    get = made.parser.get_parsed_content
    (root / "models").mkdir()
    torch.save(get("network_def").state_dict(), root / "models" / "model.pt")
    network, taken = get("network").eval(), []
    network.register_forward_pre_hook(lambda _, images: taken.append(images[0]))
    dataset = get("dataset")
    items = [dataset[index]["image"] for index in range(IMAGES)]
    with torch.no_grad():
        get("inferer")(items[0][None], network)
        output = network(taken[0])
    outputs = {"pred": output}
    if isinstance(output, dict):
        outputs = {"pred" if name == "mask" else name: logits for name, logits in output.items()}
    metadata = content(request.param, "metadata")
    return SimpleNamespace(
        metadata=metadata,
        image=metadata["network_data_format"]["inputs"]["image"],
        outputs=metadata["network_data_format"]["outputs"],
        get=get,
        datalist=DataList.load(data),
        entries=[entry["image"] for entry in dataset.data[:IMAGES]],
        items=items,
        taken=taken[0],
        given=outputs,
    )


def matches(pattern, shape):
    """Whether a shape is what the pattern makes of one n."""
    return any(_get_fake_spatial_shape(pattern, n=n) == tuple(shape) for n in range(1, 100))


def names(tensor):
    """The channels' names, in order."""
    assert list(tensor["channel_def"]) == [str(index) for index in range(tensor["num_channels"])]
    return list(tensor["channel_def"].values())


def test_the_images(told):
    image = told.image
    assert (image["type"], image["format"]) == ("image", "magnitude")
    assert image["modality"] == told.datalist.modality
    assert told.taken.shape[1] == image["num_channels"] == told.datalist.channels
    assert matches(image["spatial_shape"], told.taken.shape[2:])
    assert " x ".join(map(str, told.taken.shape[2:])) in told.metadata["image_classes"]
    assert told.taken.dtype == getattr(torch, image["dtype"])
    assert image["is_patch_data"] is isinstance(told.get("inferer"), SlidingWindowInferer)
    lowest, highest = (float(f(torch.stack([f(item) for item in told.items]))) for f in (torch.min, torch.max))
    if image["value_range"]:
        assert image["value_range"] == [0, 1]
        assert 0 <= lowest < highest <= 1
        assert "[0, 1]" in told.metadata["image_classes"]
    else:  # in standard deviations
        assert lowest < 0
        assert highest > 1


def test_the_channels_of_the_images(told):
    given = names(told.image)
    if len(given) == 1:
        assert given == ["image"]
    elif len(given) == 3:
        expected = [np.asarray(Image.open(file).convert("RGB")).mean(axis=(0, 1)) / 255 for file in told.entries]
        np.testing.assert_allclose([item.mean(dim=(1, 2)) for item in told.items], expected, atol=0.005)
        assert np.abs(np.diff(expected, axis=1)).max(axis=0).min() > 0.02  # of two channels, one is not the other
        assert given == ["red", "green", "blue"]
    else:
        assert [name.lower() for name in given] == told.get("modalities")
        assert ", ".join(given) in told.metadata["image_classes"]
        assert all(f"_{name.lower()}." in file for name, file in zip(given, told.entries[0], strict=True))


def test_the_files(told):
    entry = told.entries[0]
    file = Path(entry if isinstance(entry, str) else entry[0])
    assert told.metadata["data_type"] == ENDINGS[file.suffix]


def test_the_outputs(told):
    assert told.given.keys() == told.outputs.keys()
    for name, logits in told.given.items():
        output, of_pixels = told.outputs[name], logits.ndim > 2
        assert output["type"] == ("image" if of_pixels else "probabilities")
        assert logits.shape[1] == output["num_channels"]
        assert logits.dtype == getattr(torch, output["dtype"])
        assert output["is_patch_data"] is (told.image["is_patch_data"] and of_pixels)
        if of_pixels:
            assert output["spatial_shape"] == told.image["spatial_shape"]
            assert logits.shape[2:] == told.taken.shape[2:]
        else:  # as the zoo writes the shape of what has no positions
            assert output["spatial_shape"] == [1, output["num_channels"]]
        assert output["value_range"] == []  # logits
        assert logits.min() < 0


def test_the_classes(told):
    """In the order of the data list, under the names that inference writes."""
    diagnoses = [output for output in told.outputs.values() if output["type"] == "probabilities"]
    for output in diagnoses:
        assert output["format"] == "classes"
        assert names(output) == told.get("labels") == list(told.datalist.labels)
    masks = [output for output in told.outputs.values() if output["type"] == "image"]
    for output in masks:
        regions = told.get("regions")
        assert {name: list(values) for name, values in told.datalist.masks.items()} == regions
        if told.get("mask_form") == "regions":
            assert (output["format"], names(output)) == ("classes", list(regions))
            values = sorted({value for region in regions.values() for value in region})
        else:
            assert (output["format"], names(output)[0]) == ("labels", "background")
            values = sorted({value for region in regions.values() for value in region})
            said = [f"{value} {name}" for value, name in zip(values, names(output)[1:], strict=True)]
            assert told.metadata["label_classes"].endswith(", ".join(said))
        assert all(str(value) in told.metadata["label_classes"] for value in values)
    assert diagnoses or masks


def test_what_makes_probabilities_of_logits(told):
    said = told.metadata["pred_classes"]
    activations = [step for step in told.get("postprocessing").flatten().transforms if isinstance(step, Activationsd)]
    assert len(activations) == len(told.outputs) == said.count("logit of")
    assert said.count("sigmoid") == sum(step.sigmoid[0] for step in activations)
    assert said.count("softmax") == sum(step.softmax[0] for step in activations)


def test_the_labels(told):
    said, task = told.metadata["label_classes"], told.datalist.task
    labels = [entry["label"] for entry in told.datalist.labeled]
    assert ("index of the diagnosis" in said) == all(isinstance(label, int) for label in labels)
    assert ("one value a class" in said) == all(isinstance(label, list) for label in labels)
    assert ("mask" in said) == (task in ("segmentation", "joint"))
