"""The benchmark of patches runs, and what it times against each other is the same kind of patches."""

import pytest
import torch

from benchmarks import patches


def test_patches(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "set_num_threads", lambda _: None)
    size = ["--volume_size", "12", "10", "8", "--patch_size", "6"]
    patches.main(["--repeats", "1", "--volumes", "3", "--batch_size", "2", *size])
    rows = [line.split() for line in capsys.readouterr().out.splitlines() if " ms a step " in line]
    assert len(rows) == 6
    for first, *others in (rows[:3], rows[3:]):
        time, ratio = float(first[-6]), float(first[-1])
        assert ratio == 1
        for row in others:
            assert float(row[-1]) == pytest.approx(float(row[-6]) / time, abs=0.05)


@pytest.mark.parametrize("name", patches.STREAMS)
def test_all_ways_load_the_same_number_of_patches(name: str) -> None:
    volumes = patches.make_volumes(4, (12, 10, 8))
    for way, loaders in patches.ways_of(patches.STREAMS[name], volumes, 6, 2).items():
        assert patches.load(*loaders) == 2 * len(loaders), way
        for loader in loaders:
            batch = next(iter(loader))
            images = [batch] if "image" in batch else [view for views in batch.values() for view in views]
            assert all(view["image"].shape == (2, 1, 6, 6, 6) for view in images)
