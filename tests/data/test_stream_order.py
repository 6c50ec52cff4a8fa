from collections import Counter

import pytest
import torch

from monai_ssl.data.stream_order import PlanSampler, StreamOrder

SIZES = {"labeled": 5, "unlabeled": 12}


def plans(batch_sizes: dict[str, int], length: int, epochs: int, seed: int = 0) -> list[dict[str, list[int]]]:
    sampler = PlanSampler(SIZES, batch_sizes, length, seed)
    result = []
    for sampler.epoch in range(epochs):
        result += [plan.indices for plan in sampler]
    return result


def pretend_rank(monkeypatch: pytest.MonkeyPatch, rank: int, world_size: int) -> None:
    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.distributed, "get_rank", lambda: rank)
    monkeypatch.setattr(torch.distributed, "get_world_size", lambda: world_size)


def test_each_pass_is_a_permutation_of_its_own():
    order = StreamOrder(7, seed=3, stream=0)
    passes = [[order[7 * number + place] for place in range(7)] for number in range(50)]
    assert all(sorted(entry) == list(range(7)) for entry in passes)
    assert len({tuple(entry) for entry in passes}) > 45


def test_every_image_may_come_at_every_place():
    order = StreamOrder(4, seed=0, stream=0)
    counts = Counter((position % 4, order[position]) for position in range(4 * 2000))
    # Binomial, n = 2000 and p = 1/4: a standard deviation of 19.4
    assert len(counts) == 16
    assert all(abs(count - 500) < 100 for count in counts.values())


def test_may_be_entered_anywhere():
    straight = StreamOrder(7, seed=3, stream=1)
    expected = [straight[position] for position in range(30)]
    backwards = StreamOrder(7, seed=3, stream=1)
    assert [backwards[position] for position in reversed(range(30))] == expected[::-1]


def test_seeds_and_streams_differ():
    orders = [StreamOrder(20, seed, stream) for seed in (0, 1) for stream in (0, 1)]
    assert len({tuple(order[position] for position in range(20)) for order in orders}) == 4


@pytest.mark.parametrize(("arguments", "message"), [((0, 0, 0), "size.*0"), ((3, -1, 0), "seed.*-1")])
def test_bad_arguments(arguments: tuple[int, int, int], message: str):
    with pytest.raises(ValueError, match=message):
        StreamOrder(*arguments)


def test_every_image_comes_equally_often_across_epochs():
    # 5 labeled in batches of 4, 12 unlabeled in batches of 5: neither divides. 4 epochs of 3 batches are 12 batches:
    # 48 labeled draws, and 60 unlabeled ones.
    taken = plans({"labeled": 4, "unlabeled": 5}, length=3, epochs=5)
    labeled = [index for indices in taken for index in indices["labeled"]]
    unlabeled = [index for indices in taken for index in indices["unlabeled"]]
    assert Counter(labeled) == dict.fromkeys(range(5), 15 * 4 // 5)
    assert Counter(unlabeled[:60]) == dict.fromkeys(range(12), 60 // 12)
    for start in range(0, 60, 12):
        assert sorted(unlabeled[start : start + 12]) == list(range(12))


def test_a_pool_smaller_than_a_batch_repeats_itself():
    taken = plans({"labeled": 13, "unlabeled": 1}, length=2, epochs=5)
    assert {len(indices["labeled"]) for indices in taken} == {13}
    drawn = [index for indices in taken for index in indices["labeled"]]
    assert all(sorted(drawn[start : start + 5]) == list(range(5)) for start in range(0, 130, 5))


@pytest.mark.parametrize("world_size", [2, 3])
def test_the_ranks_together_take_the_joint_batch(monkeypatch: pytest.MonkeyPatch, world_size: int):
    joint = plans({"labeled": 2 * world_size, "unlabeled": 3 * world_size}, length=3, epochs=4, seed=5)
    shares = []
    for rank in range(world_size):
        pretend_rank(monkeypatch, rank, world_size)
        shares.append(plans({"labeled": 2, "unlabeled": 3}, length=3, epochs=4, seed=5))
    for expected, *parts in zip(joint, *shares, strict=True):
        for name in SIZES:
            assert [index for part in parts for index in part[name]] == expected[name]


def test_ranks_and_steps_have_seeds_of_their_own(monkeypatch: pytest.MonkeyPatch):
    seeds = []
    for rank in range(2):
        pretend_rank(monkeypatch, rank, 2)
        sampler = PlanSampler(SIZES, {"labeled": 1, "unlabeled": 1}, 4, seed=0)
        for sampler.epoch in range(2):
            seeds += [plan.seed for plan in sampler]
    assert len(set(seeds)) == 2 * 2 * 4
