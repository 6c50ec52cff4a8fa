"""What may be asked of a training: plain values, and nothing that a configuration would evaluate."""

import pytest

from monai_ssl.errors import InputError
from monai_ssl.label.training_options import DEFAULTS, check_device, read_options


def test_options_are_taken():
    given = {
        **{"max_epochs": 3, "seed": 0, "batch_size": 4, "learning_rate": 1e-3, "image_size": 64, "amp": True},
        **{"windows": ["brain", [40, 400.5]], "patch_size": [32, 32, 16], "spacing": 1.5, "architecture": "unet"},
        **{"mask_form": "regions", "cache_rate": 0},
    }
    assert read_options({"model": "m", "gpus": "all", "val_split": 0.3, "tracking": "$x", **given}) == given
    assert read_options({}) == DEFAULTS
    assert read_options({"max_epochs": None}) == DEFAULTS


EVIL = ["$print(1)", "@method", "%train.json", "--config_file=x", "a b", "a\n", "", "x" * 40]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("max_epochs", [0, -1, 1.5, True, "3", [3], 10**9]),
        ("seed", [-1, True, "$3", 2**40]),
        ("learning_rate", [0, "1e-3", float("nan"), float("inf"), 10**400]),
        ("cache_rate", [-0.1, 1.1, "1"]),
        ("image_size", [[32, 32], 0, 5000]),
        ("patch_size", [[], [32, 0], [32, 9**5], [1, 1, 1, 1], "[32,32]", {"a": 1}]),
        ("spacing", [0, [1, -1], "1", 1e-9, [1, 1, 1e9]]),
        ("windows", ["brain", [], [[40]], [[40, "400"]], *([word] for word in EVIL)]),
        ("architecture", EVIL),
        ("mask_form", EVIL),
        ("amp", ["true", 1]),
    ],
)
def test_all_else_is_refused(name, values):
    for value in values:
        with pytest.raises(InputError, match=f"^{name} is "):
            read_options({name: value})


@pytest.mark.parametrize("device", [*EVIL, 0, ["cpu"], "cuda:", "cuda:x", "mps"])
def test_devices_are_names(device):
    with pytest.raises(InputError, match=r"^device is "):
        check_device(device)


def test_the_first_gpu_where_there_is_one(monkeypatch):
    assert check_device("cpu") == "cpu"
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert {check_device(name) for name in (None, "cuda", "cuda:1")} == {"cpu"}
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    assert [check_device(name) for name in (None, "cuda", "cuda:1")] == ["cuda:0", "cuda:0", "cuda:1"]
