"""A run that is killed goes on, and ends as one that was not."""

import csv
import os
import signal
import subprocess
import time

import pytest
import torch

from tests.bundles.helpers import REPOSITORY, call, command, environment, small


def kill_in_the_second_epoch(arguments, root):
    """Start a run and kill it, as a power cut would, after its first checkpoint."""
    process = subprocess.Popen(
        arguments, cwd=REPOSITORY, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 120
    while not (root / "models" / "checkpoint.pt").is_file():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    time.sleep(0.1)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL


@pytest.mark.parametrize("bundle", ["mean_teacher", "noteacher"])
def test_a_killed_run_resumes_and_ends_the_same(bundle, demo, tmp_path):
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    # A small database is made at the start of a run: without it the test is mostly about that.
    settings = {"max_epochs": 3, "train#handlers#6#_disabled_": True, "num_workers": 1}
    call(command(bundle, ("train",), "training", small(demo, whole, **settings)))
    arguments = command(bundle, ("train",), "training", small(demo, cut, **settings))
    kill_in_the_second_epoch(arguments, cut)
    before = list(csv.DictReader((cut / "eval" / "history.csv").open()))
    assert len(before) < 3
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
