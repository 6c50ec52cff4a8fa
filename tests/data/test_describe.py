import functools
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from monai.transforms import Lambdad, NormalizeIntensityd, Resized

from monai_ssl.data.describe import describe
from monai_ssl.transforms import LoadMaskd, LoadRadiologyImaged


def closure(number: int):
    return lambda image: image * number


UNLIKE = [
    [None, False, 0, 0.0, "", b"", [], (), {}, set(), "None", [None]],
    [["a", "b"], ["ab"], ["a,b"], ["a", ["b"]], "'a','b'"],
    # The order of regions is that of channels.
    [{"a": 1, "b": 2}, {"a": 2, "b": 1}, {"b": 2, "a": 1}, [("a", 1), ("b", 2)]],
    [torch.float32, torch.float64, np.float32, "float32", "torch.float32", torch.device("cpu")],
    [torch.zeros(2), torch.zeros(2, dtype=torch.float64), torch.zeros(1, 2), torch.tensor([0.0, 1.0]), np.zeros(2)],
    [np.zeros(2000), np.append(np.zeros(1999), 1e-300)],
    [lambda x: x * 2, lambda x: x * 3, lambda x: x + 2, lambda x, y=2: x * 2, closure(2), closure(3)],
    [functools.partial(int, base=2), functools.partial(int, base=3), int, np.mean, np.median, torch.relu, torch.exp],
    [
        LoadMaskd("label", {"core": [2], "disc": [1]}),
        LoadMaskd("label", {"disc": [1], "core": [2]}),
        LoadMaskd("label", {"core": [2], "disc": [1]}, "regions"),
    ],
    [
        LoadRadiologyImaged("image"),
        LoadRadiologyImaged("mask"),
        LoadRadiologyImaged("image", windows=["brain"]),
        LoadRadiologyImaged("image", windows=[(40, 80)]),
        LoadRadiologyImaged("image", windows=[(40, 81)]),
        LoadRadiologyImaged("image", windows=["raw"]),
        LoadRadiologyImaged("image", track_meta=True),
        LoadRadiologyImaged("image", channels=3),
        Resized("image", (64, 64)),
        Resized("image", (64, 65)),
        Resized("image", (64, 64), mode="bilinear"),
        NormalizeIntensityd("image", subtrahend=[0.485]),
        NormalizeIntensityd("image", subtrahend=[0.486]),
        Lambdad("image", lambda x: x * 2),
        Lambdad("image", lambda x: x * 3),
    ],
]


@pytest.mark.parametrize("values", UNLIKE)
def test_unlike_values_are_described_unlike(values):
    assert len({describe(value) for value in values}) == len(values)


def test_equal_values_are_described_alike():
    assert describe({"a": 1, "b": 2}) == describe({"a": 1, "b": 2})
    assert describe({"one", "two", "three"}) == describe({"three", "two", "one"})
    assert describe(closure(2)) == describe(closure(2))
    assert describe(Resized("image", [64, 64], mode="area")) == describe(Resized("image", [64, 64], mode="area"))


def test_a_transform_that_was_used_is_described_as_before():
    transform = Resized("image", (4, 4), mode="area")
    before = describe(transform)
    transform({"image": torch.zeros(1, 8, 8)})
    assert describe(transform) == before


def test_every_process_gives_the_same_description():
    """Also with another seed of Python's hashes, which sets follow."""
    values = "[{'one', 'two', 'three'}, {'b': torch.float32, 'a': torch.arange(3)}, functools.partial(int, base=2)]"
    program = f"import functools, runpy, sys, torch;print(runpy.run_path(sys.argv[1])['describe']({values}))"
    done = subprocess.run(
        [sys.executable, "-c", program, sys.modules[describe.__module__].__file__],
        env=os.environ | {"PYTHONHASHSEED": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    expected = [{"one", "two", "three"}, {"b": torch.float32, "a": torch.arange(3)}, functools.partial(int, base=2)]
    assert done.stdout.strip() == describe(expected)


def test_what_cannot_be_taken_apart(tmp_path):
    with (tmp_path / "file").open("w") as file, pytest.raises(TypeError):
        describe(Lambdad("image", functools.partial(print, file=file)))
    own: list = []
    own.append(own)
    with pytest.raises(RecursionError):
        describe(own)
