from pathlib import Path

import numpy as np
import pytest
import torch
from monai.data import MetaTensor
from monai.transforms import (
    Compose,
    CopyItemsd,
    CropForegroundd,
    DeleteItemsd,
    EnsureTyped,
    Lambdad,
    RandFlipd,
    Resized,
    ToTensor,
)

from monai_ssl.data.file_part import FilePart
from monai_ssl.errors import InputError

MULTILABEL = {"image": "/a.png", "patient": "p", "label": [0, 1]}


def reading(*keys: str) -> Lambdad:
    """Stands for a reader: the image of ``/3.png`` has the value 3 everywhere, of a list its files are the channels."""

    def read(path):
        paths = path if isinstance(path, list) else [path]
        return torch.stack([torch.full((2, 2), float(Path(name).stem)) for name in paths])

    return Lambdad(keys, read, allow_missing_keys=True)


def part(*transforms) -> FilePart:
    return FilePart(Compose(transforms))


TYPED = EnsureTyped(["image", "label"], dtype=[torch.float32, torch.int64], wrap_sequence=True, allow_missing_keys=True)


def test_files_and_the_rest():
    both = part(CopyItemsd("image", names="source"), reading("image"), TYPED)
    files, rest = both.split({"image": "/3.png", "patient": "p", "label": [0, 1]})
    assert files == {"image": "/3.png"}
    assert rest.keys() == {"source", "patient", "label"}
    assert (rest["source"], rest["patient"]) == ("/3.png", "p")
    # The second of the two dtypes, though the image is not there.
    assert rest["label"].dtype == torch.int64
    assert rest["label"].tolist() == [0, 1]
    made = both.make(files)
    assert made.keys() == {"image"}
    assert made["image"].tolist() == [[[3.0, 3.0], [3.0, 3.0]]]
    assert made["image"].dtype == torch.float32


def test_a_label_changes_nothing_of_the_image():
    both = part(reading("image"), TYPED)
    unlabeled, _ = both.split({"image": "/3.png", "patient": "p"})
    labeled, _ = both.split({"image": "/3.png", "patient": "p", "label": [0, 1]})
    assert unlabeled == labeled


@pytest.mark.parametrize("label", [1, -1, [0, 1, -1], [0.5], torch.tensor([1.0]), np.array([1.0])])
def test_labels_come_out_as_from_the_whole(label):
    transforms = [reading("image"), EnsureTyped("label", dtype=torch.float32, wrap_sequence=True)]
    expected = Compose(transforms)({"image": "/3.png", "label": label})["label"]
    for _ in range(2):
        _, rest = part(*transforms).split({"image": "/3.png", "label": label})
        torch.testing.assert_close(rest["label"], expected, rtol=0, atol=0)


def test_different_labels_of_one_length():
    both = part(reading("image"), TYPED)
    labels = [[index // 2, index % 2] for index in range(4)]
    for _ in range(2):
        assert [both.split({"image": "/1.png", "label": label})[1]["label"].tolist() for label in labels] == labels


def test_more_labels_than_are_remembered():
    both = part(reading("image"), TYPED)
    for value in [*range(2000), *range(2000)]:
        assert both.split({"image": "/1.png", "label": [value]})[1]["label"].tolist() == [value]


def test_masks_and_several_files():
    both = part(reading("image", "label", "mask", "pseudo_label"), TYPED)
    entry = {"image": ["/1.png", "/2.png"], "label": "/3.png", "mask": "/4.png", "pseudo_label": "/5.png"}
    entry |= {"patient": "p"}
    files, rest = both.split(entry)
    assert rest == {"patient": "p"}
    made = {key: value.unique().tolist() for key, value in both.make(files).items()}
    assert made == {"image": [1.0, 2.0], "label": [3.0], "mask": [4.0], "pseudo_label": [5.0]}


def test_a_file_that_the_preprocessing_does_not_read():
    files, rest = part(reading("image"), TYPED).split({"image": "/1.png", "label": 1, "mask": "/4.png"})
    assert files == {"image": "/1.png"}
    assert rest["mask"] == "/4.png"


def test_an_image_that_is_no_file():
    assert part(Resized("image", (4, 4))).split({"image": torch.zeros(1, 2, 2)})[0] == {}


def test_joint_crops():
    cropping = CropForegroundd(["image", "mask"], source_key="mask", start_coord_key=None, end_coord_key=None)

    def make(name: str, at: int) -> Lambdad:
        def read(_):
            image = torch.zeros(1, 4, 4)
            image[0, at, at] = 1
            return image

        return Lambdad(name, read)

    both = part(make("image", 1), make("mask", 2), cropping)
    made = both.make(both.split({"image": "/1.png", "mask": "/2.png"})[0])
    assert made["image"].tolist() == [[[0.0]]]
    assert made["mask"].tolist() == [[[1.0]]]


def test_plain_contiguous_tensors():
    both = part(Lambdad("image", lambda _: MetaTensor(torch.arange(6.0).reshape(2, 3).T, meta={"name": "secret"})))
    made = both.make({"image": "/1.png"})["image"]
    assert type(made) is torch.Tensor
    assert made.is_contiguous()
    assert made.tolist() == [[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]]
    assert type(part(Lambdad("image", lambda _: np.ones(3))).make({"image": "/1.png"})["image"]) is torch.Tensor


def test_a_key_may_be_deleted():
    both = part(reading("image", "mask"), DeleteItemsd("mask"))
    assert both.make(both.split({"image": "/1.png", "mask": "/2.png"})[0]).keys() == {"image"}


@pytest.mark.parametrize(
    ("transforms", "message"),
    [
        ([reading("image"), RandFlipd("image")], "RandFlipd is random"),
        ([reading("image"), ToTensor()], "ToTensor is random or no dictionary"),
        ([reading("image"), Compose([RandFlipd("image")])], "RandFlipd is random"),
        ([Lambdad("image", (path for path in ()).send)], "cannot be told from others"),
    ],
)
def test_a_preprocessing_that_cannot_be_split(transforms, message):
    with pytest.raises(InputError, match=rf"^cache_dir: in the preprocessing, .*{message}.*\. Change the preproc"):
        part(*transforms)


@pytest.mark.parametrize(
    ("transforms", "message"),
    [
        ([Resized("label", (4, 4), allow_missing_keys=True), Lambdad("image", str)], "'image', made of image, is no"),
        ([reading("image"), CopyItemsd("image", names="other")], "'other', made of image, is no"),
    ],
)
def test_a_preprocessing_that_makes_something_else(transforms, message):
    with pytest.raises(InputError, match=message):
        part(*transforms).make({"image": "/1.png"})


def test_descriptions():
    """What is done to other keys before, such as keeping the path, does not count; what works on files does."""
    small, large = Resized("image", (4, 4)), Resized("image", (8, 8))
    first = part(reading("image"), small).description
    assert part(CopyItemsd("image", names="source"), reading("image"), small).description == first
    assert part(Compose([reading("image"), small])).description == first
    assert part(reading("image"), large).description != first
    assert part(reading("image"), large, small).description != first
    assert FilePart(Compose([reading("image"), small], lazy=True)).description != first
