import pytest
import torch
from monai.data import MetaTensor

from monai_ssl.data import TwoStreamLoader
from monai_ssl.errors import InputError
from monai_ssl.transforms import MissingMaskd


def test_only_missing_masks_are_made():
    mask = torch.ones(2, 4, 5)
    image = MetaTensor(torch.rand(1, 4, 5))
    assert MissingMaskd("mask", 2)({"image": image, "mask": mask})["mask"] is mask
    given = {"image": image, "label": torch.tensor([1])}
    made = MissingMaskd("mask", 2)(given)["mask"]
    torch.testing.assert_close(made, torch.full((2, 4, 5), -1.0), rtol=0, atol=0)
    assert "mask" not in given


def test_channels_are_checked():
    with pytest.raises(ValueError, match="`channels` must be at least 1"):
        MissingMaskd("mask", 0)


def entries(count, **more):
    return [{"image": torch.full((1, 4, 4), float(i)), "label": torch.tensor([i]), **more} for i in range(count)]


def test_a_batch_has_images_with_and_without_masks():
    transform = MissingMaskd("mask")
    pool = [transform(entry) for entry in [*entries(1, mask=torch.ones(1, 4, 4)), *entries(1)]]
    poisoned = entries(2, mask="never read")
    loader = TwoStreamLoader(pool, poisoned, 2, 2, {"labeled": 1, "unlabeled": 1}, masks=True)
    batch = next(iter(loader))
    assert sorted(batch["labeled"][0]["mask"].mean(dim=(1, 2, 3)).tolist()) == [-1, 1]
    assert list(batch["unlabeled"][0]) == ["image"]
    plain = TwoStreamLoader(pool, poisoned, 2, 2, {"labeled": 1, "unlabeled": 1})
    assert sorted(next(iter(plain))["labeled"][0]) == ["image", "label"]


def test_a_labeled_image_without_a_mask_is_named():
    loader = TwoStreamLoader(entries(2), [], 2, 2, {"labeled": 1, "unlabeled": 0}, masks=True)
    with pytest.raises(InputError, match="labeled images has no 'mask'"):
        next(iter(loader))
