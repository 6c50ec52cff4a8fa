import torch

from monai_ssl.transforms import CompleteBackgroundd


def test_what_comes_in_from_outside_is_background():
    target = torch.tensor([[0.2, 0.0], [0.5, 0.0], [0.3, 0.0]]).view(1, 3, 2)
    image = torch.zeros(1, 1, 2)
    result = CompleteBackgroundd("pseudo_label")({"pseudo_label": target, "image": image})
    expected = torch.tensor([[0.2, 1.0], [0.5, 0.0], [0.3, 0.0]]).view(1, 3, 2)
    torch.testing.assert_close(result["pseudo_label"], expected)
    assert result["image"] is image
    assert target[0, 0, 1] == 0
    assert CompleteBackgroundd("pseudo_label", allow_missing_keys=True)({"image": image}) == {"image": image}


def test_rounding_leaves_no_negative_probability():
    target = torch.tensor([[0.0], [0.7], [0.30001]]).view(1, 3, 1)
    assert CompleteBackgroundd("a")({"a": target})["a"].min() == 0
