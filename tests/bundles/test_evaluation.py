"""What an evaluation takes and refuses, and its saliency maps."""

import json
import shutil

import numpy as np
import pytest
import torch
from PIL import Image

from monai_ssl.data import DataList
from monai_ssl.errors import find_input_error
from monai_ssl.reports import input_saliency
from tests.bundles.helpers import run_bundle, small, workflow


@pytest.fixture(scope="module")
def model_dir(dermoscopy, tmp_path_factory):
    """A supervised model of seven classes in color, and what is known of it."""
    root = tmp_path_factory.mktemp("model")
    run_bundle("supervised", ("train",), "train", "training", **small(dermoscopy, root, max_epochs=1))
    return root / "models"


def evaluate(dataset_dir, model_dir, root, **more):
    """Evaluate a model, with all output below ``root``."""
    where = options(dataset_dir, model_dir, root)
    return run_bundle("supervised", ("train", "evaluate"), "train", "evaluating", **where, replicates=2, **more)


def options(dataset_dir, model_dir, root):
    return {"bundle_root": str(root), "model_dir": str(model_dir), "dataset_dir": str(dataset_dir), "device": "cpu"}


def fault(dataset_dir, model_dir, root, **more):
    """The message with which an evaluation ends."""
    with pytest.raises(RuntimeError) as caught:
        evaluate(dataset_dir, model_dir, root, **more)
    assert not (root / "eval" / "evaluation").exists()
    return str(find_input_error(caught.value))


def changed(dermoscopy, folder, **content):
    """The data list with other content."""
    folder.mkdir()
    (folder / "images").symlink_to(dermoscopy / "images")
    known = json.loads((dermoscopy / "datalist.json").read_text())
    (folder / "datalist.json").write_text(json.dumps(known | content))
    return folder


def test_classes_in_another_order(dermoscopy, model_dir, tmp_path):
    labels = list(DataList.load(dermoscopy).labels)
    other = changed(dermoscopy, tmp_path / "list", labels=labels[::-1])
    message = fault(other, model_dir, tmp_path)
    assert message.startswith(f"{model_dir / 'model.pt'}: ")
    assert f"labels: {', '.join(labels)} (here {', '.join(labels[::-1])}). Give the data list" in message


def test_no_test_images(dermoscopy, model_dir, tmp_path):
    other = changed(dermoscopy, tmp_path / "list", test=[])
    for per_class in (0, 1):
        message = fault(other, model_dir, tmp_path, saliency_per_class=per_class)
        assert message.startswith(f"{other / 'datalist.json'}: its list `test` is empty")


def test_all_options_of_the_saliency_maps(dermoscopy, model_dir, tmp_path, figures):
    """Named images come before a number a class; both models see the same noise."""
    other = tmp_path / "other"
    shutil.copytree(model_dir, other)
    state = torch.load(other / "model.pt", weights_only=True)
    torch.save({name: -value if name.startswith("fc") else value for name, value in state.items()}, other / "model.pt")
    datalist = DataList.load(dermoscopy)
    entries = datalist.test[:2]
    ran = evaluate(
        dermoscopy,
        model_dir,
        tmp_path,
        saliency_images=[entry["image"] for entry in entries],
        saliency_per_class=3,
        saliency_smooth=2,
        saliency_models={"mirrored": str(other / "model.pt")},
        seed=5,
    )
    (figure,) = figures
    panels = figure.axes
    assert figure.get_suptitle().startswith("Saliency of test images, mean over 2 noisy copies\n")
    assert [panel.get_title() for panel in panels[:3]] == ["Image", "mirrored", "supervised"]
    assert [panel.get_ylabel() for panel in panels[::3]] == [datalist.labels[entry["label"]] for entry in entries]
    network = ran.parser.get_parsed_content("evaluate#network").eval()
    for place, entry in enumerate(entries):
        image = ran.parser.get_parsed_content("evaluate#test#dataset")[place]["image"][None]
        shown, theirs, ours = (np.asarray(panel.get_images()[0].get_array()) for panel in panels[3 * place :][:3])
        pixels = image[0].permute(1, 2, 0).numpy()
        np.testing.assert_allclose(shown, (pixels - pixels.min()) / np.ptp(pixels), atol=1e-6)
        expected = input_saliency(network, image, torch.tensor([entry["label"]]), smooth=2, seed=5)[0].numpy()
        np.testing.assert_allclose(ours, expected / np.percentile(expected, 99), rtol=1e-4, atol=1e-6)
        # The gradient of a logit whose sign is turned has the same absolute value.
        np.testing.assert_allclose(theirs, ours, rtol=1e-4, atol=1e-6)
        with torch.no_grad():
            logits = network(image)[0]
        for panel, sign in zip(panels[3 * place :][1:3], (-1, 1), strict=True):
            probability = (sign * logits).softmax(dim=0)[entry["label"]]
            assert panel.get_xlabel() == f"probability {float(probability):.2f}"
    with Image.open(tmp_path / "eval" / "evaluation" / "saliency.png") as image:
        assert image.format == "PNG"


def test_a_number_of_maps_a_class(dermoscopy, model_dir, tmp_path):
    where = options(dermoscopy, model_dir, tmp_path)
    made = workflow("supervised", ("train", "evaluate"), "train", **where, saliency_per_class=2)
    datalist = DataList.load(dermoscopy)
    counts = [sum(entry["label"] == index for entry in datalist.test) for index in range(datalist.num_classes)]
    assert max(counts) > 2
    chosen = made.parser.get_parsed_content("evaluate#saliency").chosen
    assert [index for _, index in chosen] == [c for c, count in enumerate(counts) for _ in range(min(2, count))]
    assert all(datalist.test[place]["label"] == index for place, index in chosen)


def test_no_maps(dermoscopy, model_dir, tmp_path, figures):
    folder = tmp_path / "eval" / "evaluation"
    folder.mkdir(parents=True)
    (folder / "saliency.png").write_bytes(b"of an evaluation before")
    evaluate(dermoscopy, model_dir, tmp_path, saliency_per_class=0)
    assert not figures
    assert not (folder / "saliency.png").exists()
    assert (folder / "evaluation.json").is_file()


def test_a_model_beside_it_that_was_trained_otherwise(dermoscopy, model_dir, tmp_path):
    """It ends the evaluation before anything is written."""
    other = tmp_path / "other"
    shutil.copytree(model_dir, other)
    info = json.loads((other / "model.json").read_text())
    assert info["preprocessing"][-2:] == ["Resized", "EnsureTyped"]
    info["preprocessing"] += ["NormalizeIntensityd"]
    (other / "model.json").write_text(json.dumps(info))
    message = fault(dermoscopy, model_dir, tmp_path, saliency_models={"sup": str(other / "model.pt")})
    assert message.startswith(f"{other / 'model.pt'}: ")
    assert "EnsureTyped, NormalizeIntensityd (here CopyItemsd" in message


def test_inference_at_another_size_than_the_models_is_refused(dermoscopy, model_dir, tmp_path):
    """An overlay such as ``paper.json`` brings a size of its own."""
    where = options(dermoscopy / "images", model_dir, tmp_path) | {"image_size": 48}
    with pytest.raises(RuntimeError) as caught:
        run_bundle("supervised", ("inference",), "infer", "inference", **where)
    assert "image_size: 32 (here 48)" in str(find_input_error(caught.value))
    assert not (tmp_path / "eval" / "predictions.csv").exists()
