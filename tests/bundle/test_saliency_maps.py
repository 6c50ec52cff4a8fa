import json

import nibabel
import numpy as np
import pytest
import torch
from monai.transforms import Compose, NormalizeIntensityd
from PIL import Image
from torch import nn

from monai_ssl.bundle import SaliencyMaps
from monai_ssl.data import ImageDataset
from monai_ssl.errors import InputError
from monai_ssl.transforms import LoadRadiologyImaged

CLASSES = ["naevus", "melanoma"]
SIDE = 8


class Linear(nn.Module):
    """Logits that are weighted sums, so that the saliency of a class is the absolute value of its weights."""

    def __init__(self, seed: int, *shape: int) -> None:
        super().__init__()
        weight = torch.randn(2, *shape, generator=torch.Generator().manual_seed(seed)) / SIDE
        self.weight, self.dropout = nn.Parameter(weight), nn.Dropout(0.5)

    def forward(self, image):
        return torch.einsum("c...,b...->bc", self.weight, self.dropout(image))


class Cubic(Linear):
    """Logits whose gradient depends on the image, and so on noise."""

    def forward(self, image):
        return super().forward(image**3)


def dataset(entries, channels=1, *more):
    load = LoadRadiologyImaged("image", channels, ("full",))
    return ImageDataset(entries, Compose([load, *more]), cache_rate=0.0)


def information(data, task="multiclass"):
    names = [type(transform).__name__ for transform in data.transform.transforms]
    return {"labels": CLASSES, "task": task, "channels": 1, "windows": ["full"], "preprocessing": names}


@pytest.fixture
def pictures(tmp_path):
    """Grey pictures of patients whose names are nobody's business."""
    entries = []
    for index in range(6):
        pixels = np.random.default_rng(index).integers(0, 256, (SIDE, SIDE), dtype=np.uint8)
        path = tmp_path / f"DOE_JANE_{index}.png"
        Image.fromarray(pixels).save(path)
        entries.append({"image": str(path), "patient": f"secret{index}", "label": index % 2})
    return dataset(entries)


def make(network, data, folder, task="multiclass", **more):
    return SaliencyMaps(
        network, data, information(data, task), folder / "out" / "saliency.png", "ours", folder=folder, **more
    )


def draw(network, data, folder, figures, task="multiclass", **more):
    make(network, data, folder, task, **more).write()
    with Image.open(folder / "out" / "saliency.png") as image:
        assert image.format == "PNG"
    return figures[-1]


def save_model(network, path, **info):
    torch.save(network.state_dict(), path)
    path.with_suffix(".json").write_text(json.dumps(info))


def picture(panel):
    return np.asarray(panel.get_images()[0].get_array())


def scaled(weight):
    weight = np.abs(weight)
    return weight / np.percentile(weight, 99)


@pytest.mark.parametrize("task", ["multiclass", "multilabel"])
def test_the_model_beside_another(pictures, tmp_path, figures, task):
    ours, other = Linear(0, 1, SIDE, SIDE), Linear(1, 1, SIDE, SIDE)
    torch.save(other.state_dict(), tmp_path / "model.pt")
    before = ours.weight.detach().clone()
    if task == "multilabel":
        pictures.data = [entry | {"label": [1 - entry["label"], entry["label"]]} for entry in pictures.data]
    compare = {"supervised": str(tmp_path / "model.pt")}
    figure = draw(ours, pictures, tmp_path, figures, task, compare=compare, images=["DOE_JANE_3.png"])
    image, theirs, own = figure.axes
    assert [panel.get_title() for panel in figure.axes] == ["Image", "supervised", "ours"]
    assert image.get_ylabel() == "melanoma"
    pixels = np.asarray(Image.open(tmp_path / "DOE_JANE_3.png")).astype(float)
    np.testing.assert_allclose(picture(image), (pixels - pixels.min()) / np.ptp(pixels), atol=1e-5)
    for panel, network in ((theirs, other), (own, ours)):
        weight = network.weight[:, 0].detach().numpy()
        np.testing.assert_allclose(picture(panel), scaled(weight[1]), rtol=1e-5)
        logits = (weight * pixels / 255).sum(axis=(1, 2))
        odds = logits[1] - logits[0] if task == "multiclass" else logits[1]
        assert panel.get_xlabel() == f"probability {1 / (1 + np.exp(-odds)):.2f}"
    assert torch.equal(ours.weight, before)
    assert ours.weight.grad is None
    assert ours.training


def test_one_row_a_class_by_default(pictures, tmp_path, figures, caplog):
    network = Linear(0, 1, SIDE, SIDE)
    figure = draw(network, pictures, tmp_path, figures)
    assert [panel.get_ylabel() for panel in figure.axes[::2]] == CLASSES
    assert len(draw(network, pictures, tmp_path, figures, per_class=2).axes) == 8
    seen = [picture(draw(network, pictures, tmp_path, figures, seed=seed).axes[0]) for seed in range(4)]
    assert np.array_equal(seen[0], picture(figure.axes[0]))
    assert not all(np.array_equal(one, seen[0]) for one in seen)
    pictures.data = [entry | {"label": 1} for entry in pictures.data]
    assert len(draw(network, pictures, tmp_path, figures).axes) == 2
    assert "No test image shows 'naevus'" in caplog.text


def test_noisy_copies(pictures, tmp_path, figures):
    """All models see the same noise, which follows the seed."""
    network = Cubic(0, 1, SIDE, SIDE)
    torch.save(network.state_dict(), tmp_path / "model.pt")
    arguments = {"images": "DOE_JANE_3.png", "smooth": 2, "compare": {"copy": tmp_path / "model.pt"}}
    first, second = (draw(network, pictures, tmp_path, figures, seed=seed, **arguments) for seed in (0, 1))
    assert first.get_suptitle().startswith("Saliency of test images, mean over 2 noisy copies\n")
    assert np.array_equal(picture(first.axes[1]), picture(first.axes[2]))
    assert not np.array_equal(picture(first.axes[1]), picture(second.axes[1]))


def test_no_name_of_a_patient_or_a_file(pictures, tmp_path, figures):
    figure = draw(Linear(0, 1, SIDE, SIDE), pictures, tmp_path, figures, per_class=3)
    texts = " ".join(text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text")))
    assert "melanoma" in texts
    content = (tmp_path / "out" / "saliency.png").read_bytes()
    for secret in ("DOE", "secret", str(tmp_path)):
        assert secret not in texts
        assert secret.encode() not in content


def test_a_volume_is_seen_from_the_feet(tmp_path, figures):
    """The patient's right is at the left, the front at the top; the slice is one through the body's axis."""
    values = np.zeros((4, 6, 5), dtype=np.float32)
    values[3, 0, 2] = 1  # right and back
    nibabel.save(nibabel.Nifti1Image(values, np.eye(4)), tmp_path / "ct.nii.gz")
    network = Linear(0, 1, 4, 6, 5)
    with torch.no_grad():
        network.weight[0, 0, 3, 0, 2] = 9
    volumes = dataset([{"image": str(tmp_path / "ct.nii.gz"), "patient": "p", "label": 0}])
    image, own = draw(network, volumes, tmp_path, figures).axes
    assert image.get_xlabel() == "slice at 50% of the last axis"
    weight = scaled(network.weight[0, 0].detach().numpy())
    assert picture(own).shape == (6, 4)
    np.testing.assert_allclose(picture(own), weight[:, :, 2].T[::-1, ::-1], rtol=1e-5)
    assert np.unravel_index(picture(own).argmax(), (6, 4)) == (5, 0)


@pytest.mark.parametrize("mean", [0.5, [0.485, 0.456, 0.406]])
def test_the_picture_is_drawn_as_before_normalization(mean, tmp_path, figures):
    """The network sees the normalised image, which has other colors."""
    pixels = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "skin.png")
    deviation = [0.229, 0.224, 0.225]
    means = np.broadcast_to(mean, 3).tolist()
    normalize = NormalizeIntensityd("image", subtrahend=means, divisor=deviation, channel_wise=True)
    network = Linear(0, 3, SIDE, SIDE)
    entries = [{"image": str(tmp_path / "skin.png"), "patient": "p", "label": 1}]
    image, own = draw(network, dataset(entries, 3, normalize), tmp_path, figures).axes
    low, high = int(pixels.min()), int(pixels.max())
    np.testing.assert_allclose(picture(image), (pixels.astype(float) - low) / (high - low), atol=1e-6)
    seen = (np.moveaxis(pixels / 255, -1, 0) - np.reshape(means, (3, 1, 1))) / np.reshape(deviation, (3, 1, 1))
    logits = (network.weight.detach().numpy() * seen).sum(axis=(1, 2, 3))
    assert own.get_xlabel() == f"probability {1 / (1 + np.exp(logits[0] - logits[1])):.2f}"


def test_nothing_is_computed_before_writing(pictures, tmp_path):
    class Unused(Linear):
        def forward(self, image):
            raise AssertionError

    maps = make(Unused(0, 1, SIDE, SIDE), pictures, tmp_path)
    assert [index for _, index in maps.chosen] == [0, 1]
    with pytest.raises(AssertionError):
        maps.write()
    assert not (tmp_path / "out").exists()


def test_no_maps_where_none_are_asked_for(pictures, tmp_path, figures):
    """And none of an evaluation before."""
    network = Linear(0, 1, SIDE, SIDE)
    make(network, pictures, tmp_path, per_class=0).write()
    assert not (tmp_path / "out").exists()
    draw(network, pictures, tmp_path, figures)
    make(network, pictures, tmp_path, per_class=0).write()
    assert not list((tmp_path / "out").iterdir())
    assert len(figures) == 1


def test_options_that_cannot_be_used(pictures, tmp_path):
    network = Linear(0, 1, SIDE, SIDE)
    for options, message in (
        ({"smooth": -1}, "smooth is -1"),
        ({"images": 7}, "images is 7"),
        ({"per_class": -1}, "per_class is -1"),
        ({"images": ["DOE_JANE_3.png"] * 201}, "201 saliency maps of each model are too many"),
    ):
        with pytest.raises(InputError, match=message):
            make(network, pictures, tmp_path, **options)
    pictures.data = []
    for per_class in (0, 1):
        with pytest.raises(InputError, match=r"datalist\.json: its list `test` is empty.*Give labeled test images"):
            make(network, pictures, tmp_path, per_class=per_class)
    with pytest.raises(InputError, match="not a classification"):
        make(network, dataset([{"image": "a.png", "label": 0}]), tmp_path, task="segmentation")


@pytest.mark.parametrize(
    ("compare", "message"),
    [
        ({"supervised": "none.pt"}, r"none\.pt: there is no such file"),
        ({"ours": "model.pt"}, "has the name 'ours' of the model itself"),
        ("model.pt", "are 'model.pt'. Give names and files"),
        ({1: "model.pt"}, r"are \{1: 'model.pt'\}. Give names and files"),
        ({"sup": None}, r"are \{'sup': None\}. Give names and files"),
    ],
)
def test_models_that_are_not_named_well(pictures, tmp_path, compare, message):
    with pytest.raises(InputError, match=message):
        make(Linear(0, 1, SIDE, SIDE), pictures, tmp_path, compare=compare)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"labels": CLASSES[::-1]}, r"labels: melanoma, naevus \(here naevus, melanoma\)"),
        ({"task": "multilabel"}, r"task: multilabel \(here multiclass\)"),
        ({"windows": ["brain"]}, r"windows: brain \(here full\)"),
        (
            {"preprocessing": ["LoadRadiologyImaged", "NormalizeIntensityd"]},
            r"preprocessing: LoadRadiologyImaged, NormalizeIntensityd \(here LoadRadiologyImaged\)",
        ),
    ],
)
def test_models_that_were_trained_otherwise(pictures, tmp_path, other, message):
    network, path = Linear(0, 1, SIDE, SIDE), tmp_path / "model.pt"
    save_model(network, path, **(information(pictures) | other))
    with pytest.raises(InputError, match=f"model.pt: this model was trained on other classes .*; {message}"):
        make(network, pictures, tmp_path, compare={"supervised": path})


def test_a_model_of_another_network(pictures, tmp_path):
    path = tmp_path / "model.pt"
    save_model(Linear(0, 1, SIDE, SIDE + 1), path, **information(pictures))
    with pytest.raises(InputError, match="weights are of another network"):
        make(Linear(0, 1, SIDE, SIDE), pictures, tmp_path, compare={"supervised": path})


def test_a_model_of_which_nothing_is_known(pictures, tmp_path, caplog):
    network, path = Linear(0, 1, SIDE, SIDE), tmp_path / "other.pt"
    save_model(network, path, **information(pictures))
    make(network, pictures, tmp_path, compare={"supervised": path})
    assert not caplog.text
    path.with_suffix(".json").rename(tmp_path / "model.json")  # which is of another file
    make(network, pictures, tmp_path, compare={"supervised": path})
    assert "other.pt: there is no other.json beside it" in caplog.text
