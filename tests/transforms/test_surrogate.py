import numpy as np
import pytest
import torch

from monai_ssl.errors import InputError
from monai_ssl.transforms import SurrogateTransforms

NUMPY = {
    "identity": lambda image: image,
    "rotate_90": np.rot90,
    "rotate_180": lambda image: np.rot90(image, 2),
    "rotate_270": lambda image: np.rot90(image, 3),
    "flip_horizontal": np.fliplr,
    "flip_vertical": np.flipud,
}


def test_each_image_is_transformed_as_numpy_does():
    surrogates = SurrogateTransforms()
    assert surrogates.names == tuple(NUMPY)
    images = torch.rand(12, 2, 5, 5, generator=torch.Generator().manual_seed(0))
    before, classes = images.clone(), torch.arange(12) % 6
    moved = surrogates(images, classes)
    for image, result, number in zip(images, moved, classes, strict=True):
        for channel, expected in zip(image, result, strict=True):
            np.testing.assert_array_equal(NUMPY[surrogates.names[number]](channel.numpy()), expected.numpy())
    torch.testing.assert_close(images, before, rtol=0, atol=0)


def test_all_classes_are_drawn_alike_and_follow_the_seed():
    surrogates = SurrogateTransforms(["identity", "flip_vertical", "rotate_180"])
    torch.manual_seed(3)
    drawn = surrogates.draw(3000)
    assert len(surrogates) == 3
    assert all(900 < count < 1100 for count in drawn.bincount(minlength=3).tolist())
    torch.manual_seed(3)
    assert surrogates.draw(3000).tolist() == drawn.tolist()


def test_only_quarter_turns_need_square_images():
    images, classes = torch.rand(2, 1, 4, 6), torch.tensor([0, 1])
    with pytest.raises(InputError, match=r"4 x 6 pixels cannot be turned by a quarter.*--image_size"):
        SurrogateTransforms()(images, classes)
    moved = SurrogateTransforms(["flip_vertical", "flip_horizontal"])(images, classes)
    torch.testing.assert_close(moved, torch.stack((images[0].flip(1), images[1].flip(2))), rtol=0, atol=0)


@pytest.mark.parametrize("names", [[], ["identity"], ["identity", "shear"], ["identity", "identity"]])
def test_other_transforms_are_refused(names):
    with pytest.raises(InputError, match="two or more of identity, rotate_90"):
        SurrogateTransforms(names)
