"""The benchmarks run and print their tables; no timing is a condition."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from torch import nn

from benchmarks import cache, datalist_memory, dicom_reading, ema, plain_views, relational_step, training_step, views
from benchmarks.bare_loops import BareBatch, prepare, supervised
from benchmarks.timing import alternate
from monai_ssl.methods import Supervised
from monai_ssl.transforms import color


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The runs set the number of threads, and MLflow must not be told to write elsewhere."""
    monkeypatch.setattr(torch, "set_num_threads", lambda _: None)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("clock", [[], ["--cpu_time"]])
def test_training_step(capsys: pytest.CaptureFixture[str], tmp_path: Path, clock: list[str]) -> None:
    training_step.main(["--repeats", "1", "--steps", "2", "--image_size", "16", "--batch_size", "2", *clock])
    printed = capsys.readouterr().out
    rows = {line.split()[0]: line.split()[1:] for line in printed.splitlines() if line.endswith("%")}
    assert list(rows) == ["supervised", "mean_teacher", "noteacher", "target"]
    for name in ("supervised", "mean_teacher", "noteacher"):
        bare, engine, ratio = map(float, rows[name][:3])
        assert ratio == pytest.approx(bare / engine, rel=0.2)  # the times are rounded
        assert 0 < float(rows[name][3].rstrip("%")) < 100
    assert ("CPU time" in printed) == bool(clock)
    assert not list(tmp_path.iterdir())


def test_ema(capsys: pytest.CaptureFixture[str]) -> None:
    ema.main(["--repeats", "1", "--updates", "1"])
    printed = capsys.readouterr().out
    assert [line.split(" ms per update")[0].split()[0] for line in printed.splitlines() if "per update" in line] == [
        "plain",
        "ignite",
        "monai_ssl",
    ]


def test_dicom_reading(capsys: pytest.CaptureFixture[str]) -> None:
    dicom_reading.main(["--repeats", "1", "--files", "1"])
    assert capsys.readouterr().out.count("ms per file") == 4


def test_cache(capsys: pytest.CaptureFixture[str]) -> None:
    cache.main(["--repeats", "1", "--files", "2", "--image_sizes", "16", "24"])
    printed = capsys.readouterr().out
    # 4 bytes a pixel, and 64 for the head.
    assert f"image_size 16: {(16 * 16 * 4 + 64) / 1024:.0f} KiB" in printed
    assert printed.count("images a second") == 8
    assert printed.count("x 1.0\n") >= 2


def test_views(capsys: pytest.CaptureFixture[str]) -> None:
    views.main(["--repeats", "1", "--batch_sizes", "2", "3", "--image_sizes", "12", "16"])
    printed = capsys.readouterr().out
    rows = [line.split() for line in printed.splitlines() if line.split()[:1] and line.split()[0] in views.STEPS]
    assert [row[0] for row in rows] == 2 * list(views.STEPS)
    for row in rows:
        times, ratios = [float(row[1]), *map(float, row[2::3])], list(map(float, row[4::3]))
        assert len(ratios) == (3 if row[0] in ("crop", "flip", "normalize") else 2)
        assert min(times + ratios) > 0
    views.measure_device(torch.rand(2, 3, 8, 8), torch.device("cpu"), repeats=1)
    assert capsys.readouterr().out.count(" ms, x ") == 2


def test_relational_step(capsys: pytest.CaptureFixture[str]) -> None:
    relational_step.main(["--repeats", "1", "--images", "12", "--image_size", "32", "--threads", "1"])
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    counts = {row[0]: row[1:4] for row in rows if row and row[0] in relational_step.PASSES}
    assert counts == {
        "mean_teacher": ["6", "12", "6"],
        "src": ["6", "12", "6"],
        "srcl_joint": ["4", "12", "8"],
        "pre-training": ["6", "12", "12"],
    }


def test_plain_views_are_those_of_the_batch() -> None:
    """What is timed against each other is the same, but for the weight of red in grey."""
    image = torch.rand(3, 16, 16, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    amount = torch.tensor([0.3], dtype=torch.float64)
    grey = plain_views.luma(image)
    for plain, adjust in (
        (plain_views.turn_hue(image, 0.3), color.adjust_hue_),
        (plain_views.blend(image, 0.0, 0.3), color.adjust_brightness_),
        (plain_views.blend(image, grey.mean(), 0.3), color.adjust_contrast_),
        (plain_views.blend(image, grey, 0.3), color.adjust_saturation_),
    ):
        torch.testing.assert_close(plain, adjust(image[None].clone(), amount)[0], rtol=0, atol=1.1e-4)


def test_datalist_memory(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    # A process takes seconds to start.
    monkeypatch.setattr(datalist_memory, "ProcessPoolExecutor", lambda *_: ThreadPoolExecutor(1))
    datalist_memory.main(["--entries", "400"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "400 entries"
    assert [line[:20].rstrip() for line in lines if line.endswith("MiB")][:-1] == list(datalist_memory.STEPS)


def test_a_long_data_list(tmp_path: Path) -> None:
    datalist = datalist_memory.make_list(tmp_path, 400)
    counts = [len(entries) for entries in (datalist.labeled, datalist.unlabeled, datalist.validation, datalist.test)]
    assert counts == [32, 288, 40, 40]


def test_ways_take_turns() -> None:
    calls: list[str] = []
    medians = alternate({"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, repeats=2)
    assert calls == ["a", "b"] * 3  # once to warm up
    assert set(medians) == {"a", "b"}


def test_bare_step_by_hand() -> None:
    """One SGD step of ``sigmoid(w x)`` with x = 1, y = 1 from w = 0: the gradient is sigmoid(0) - 1 = -0.5."""
    network = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(network.weight)
    method = Supervised(network, "multilabel")
    optimizer = torch.optim.SGD(method.trainable_parameters(), lr=1.0)
    batches = prepare([{"labeled": [{"image": torch.ones(1, 1), "label": torch.ones(1, 1)}]}], torch.device("cpu"))
    assert batches == [BareBatch([torch.ones(1, 1)], torch.ones(1, 1))]
    supervised(method, optimizer, {"supervised": 2.0}, 0.75, batches)
    assert method.student.weight.item() == pytest.approx(1.0)  # 0 + 1.0 * 2.0 * 0.5
    assert method.ema.weight.item() == pytest.approx(0.25)  # 0.75 * 0 + 0.25 * 1
