"""A run that is killed goes on, and ends as one that was not."""

import csv
import signal

import pytest
import torch

from data_prep.demo import make_demo
from monai_ssl.errors import find_input_error
from tests.bundles.helpers import call, command, run_bundle, small


def kill_in_the_second_epoch(arguments, root, checkpoint="checkpoint"):
    """Run a command until it is killed, one step after its first checkpoint (of that name)."""
    python, option, *rest = arguments
    path = root / "models" / f"{checkpoint}.pt"
    done = call([python, option, "tests.bundles.killed", str(path), *rest], check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr[-3000:]


@pytest.mark.parametrize("bundle", ["mean_teacher", "noteacher"])
def test_a_killed_run_resumes_and_ends_the_same(bundle, demo, tmp_path):
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    # A small database is made at the start of a run: without it the test is mostly about that.
    settings = {"max_epochs": 3, "train#handlers#6#_disabled_": True, "num_workers": 1}
    call(command(bundle, ("train",), "training", small(demo, whole, **settings)))
    arguments = command(bundle, ("train",), "training", small(demo, cut, **settings))
    kill_in_the_second_epoch(arguments, cut)
    before = list(csv.DictReader((cut / "eval" / "history.csv").open()))
    assert len(before) == 1
    assert "Resumed" in call([*arguments, "--resume", "true"]).stdout

    expected = torch.load(whole / "models" / "checkpoint.pt", weights_only=True)
    resumed = torch.load(cut / "models" / "checkpoint.pt", weights_only=True)
    assert expected.keys() == resumed.keys()
    for name, value in expected["method"].items():
        assert torch.equal(value, resumed["method"][name]), name
    for part in ("history", "best_model", "lr_scheduler", "engine", "variance"):
        assert expected[part] == resumed[part], part
    if bundle == "mean_teacher":
        assert expected["ema"] == resumed["ema"]
    for index, state in expected["optimizer"]["state"].items():
        for name, value in state.items():
            assert torch.equal(value, resumed["optimizer"]["state"][index][name])
    models = [torch.load(root / "models" / "model.pt", weights_only=True) for root in (whole, cut)]
    assert all(torch.equal(value, models[1][name]) for name, value in models[0].items())


def test_what_would_not_be_the_same_run_is_refused(demo, tmp_path):
    """Another length would change schedules, other images could move from training to validation."""
    run_bundle("supervised", ("train",), "train", "training", **small(demo, tmp_path, max_epochs=1))
    info = (tmp_path / "models" / "model.json").read_bytes()
    other = make_demo(tmp_path / "other", seed=1, patients=15, budget=0.25, progress=False)
    for change, named in (({"max_epochs": 2}, "max_epochs"), ({"dataset_dir": str(other)}, "data list")):
        overrides = small(demo, tmp_path, resume="true") | {"max_epochs": 1} | change
        with pytest.raises(RuntimeError) as caught:
            run_bundle("supervised", ("train",), "train", "training", **overrides)
        assert named in str(find_input_error(caught.value))
    assert (tmp_path / "models" / "model.json").read_bytes() == info
