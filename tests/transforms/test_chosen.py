import pytest
import torch

from monai_ssl.transforms import chosen
from monai_ssl.transforms.chosen import on_chosen


@pytest.mark.parametrize("images_a_piece", [0, 1, 2, 3, 100])
@pytest.mark.parametrize("index", [[], [3], [0, 2, 3, 4, 6], list(range(7))])
def test_the_chosen_change_and_the_others_stay(monkeypatch, images_a_piece, index):
    batch = torch.arange(7 * 6.0).view(7, 1, 2, 3)
    original, amounts, calls = batch.clone(), torch.arange(100.0, 100 + len(index)), []
    monkeypatch.setattr(chosen, "PIECE", 24 * images_a_piece)  # 24 bytes an image

    def add(images, rows):
        calls.append(len(images))
        return images.add_(amounts[rows].view(-1, 1, 1, 1))

    result = on_chosen(batch, torch.tensor(index, dtype=torch.int64), add)
    expected = original.clone()
    for place, amount in zip(index, amounts.tolist(), strict=True):
        expected[place] += amount
    assert torch.equal(result, expected)
    assert sum(calls) == len(index)
    assert max(calls, default=0) <= max(1, images_a_piece)
    result.zero_()
    assert torch.equal(batch, original)


def test_masks_and_empty_batches():
    index = torch.tensor([1])
    mask = torch.tensor([[True, False], [True, False]])
    assert on_chosen(mask, index, lambda images, _: images.flip(-1)).tolist() == [[True, False], [False, True]]
    assert on_chosen(torch.empty(2, 0), index, lambda images, _: images).shape == (2, 0)
    assert on_chosen(torch.empty(0, 3), index[:0], lambda images, _: images).shape == (0, 3)
