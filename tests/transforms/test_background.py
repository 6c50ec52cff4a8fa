import pytest
import torch
from monai.data import MetaTensor

from monai_ssl.transforms import ZeroBackgroundd


@pytest.mark.parametrize("dims", [2, 3])
def test_a_background_of_one_value_becomes_0(dims):
    normalized = torch.full((6,) * dims, -3.25)
    normalized[(slice(2, 4),) * dims] = 1.5
    noisy = torch.rand((6,) * dims) + 1
    plain = torch.zeros((6,) * dims)
    plain[(3,) * dims] = 7.0
    image = torch.stack([normalized, noisy, plain])
    before = image.clone()
    result = ZeroBackgroundd("image")({"image": MetaTensor(image)})["image"]
    assert isinstance(result, MetaTensor)
    assert torch.equal(result[0].as_tensor(), normalized + 3.25)
    assert torch.equal(result[1:].as_tensor(), image[1:])
    assert torch.equal(image, before)


def test_without_such_a_background_nothing_is_copied():
    image = torch.rand(2, 4, 4, 4)
    assert ZeroBackgroundd("image")({"image": image})["image"] is image
    assert ZeroBackgroundd("image", allow_missing_keys=True)({}) == {}
