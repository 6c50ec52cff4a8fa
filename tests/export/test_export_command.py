"""The command line, and what it does when something is not as it should be."""

import json
import shutil
import sys

import pytest
import torch

from monai_ssl.errors import InputError
from monai_ssl.export import bundle as exporting
from monai_ssl.export import opening
from monai_ssl.export.__main__ import main
from monai_ssl.export.folder import write_folder
from tests.bundles.helpers import REPOSITORY
from tests.export.models import make_model

BUNDLES = REPOSITORY / "bundles"


@pytest.fixture
def model_dir(tmp_path):
    make_model(tmp_path / "models", "mean_teacher", ("inference",), image_size=32)
    return tmp_path / "models"


def run(tmp_path, *more, bundle="mean_teacher"):
    options = ["--output", str(tmp_path / "out"), "--model_dir", str(tmp_path / "models"), "--formats", "pt"]
    return main([str(BUNDLES / bundle), *options, *map(str, more)])


def fault(tmp_path, capsys, *more, bundle="mean_teacher"):
    """The message of a run that fails, and leaves nothing."""
    before = sorted(tmp_path.rglob("*"))
    assert run(tmp_path, *more, bundle=bundle) == 2
    assert sorted(tmp_path.rglob("*")) == before
    return capsys.readouterr().err.removeprefix("error: ").strip()


def test_it_prints_a_table(model_dir, tmp_path, capsys):
    assert run(tmp_path) == 0
    printed = capsys.readouterr().out
    assert "largest difference" in printed
    assert "model.pt  weights  weights          free" in printed


def test_a_bundle_alone_takes_its_own_model_and_run(model_dir, tmp_path, capsys):
    root = tmp_path / "mine"
    root.mkdir()
    (root / "configs").symlink_to(BUNDLES / "mean_teacher" / "configs")
    (root / "models").symlink_to(model_dir)
    (root / "eval").mkdir()
    (root / "eval" / "config_train.json").write_text(
        json.dumps({"resume": True, "parameters": {"settings": {"seed": 11}}})
    )
    assert main([str(root), "--output", str(tmp_path / "out"), "--formats", "pt"]) == 0
    assert "- Training: seed 11\n" in (tmp_path / "out" / "model_card.md").read_text()


def test_a_bundle_in_an_odd_place(model_dir, tmp_path, monkeypatch):
    """In configurations `#` and `@` are parts of references, `$` begins an expression and `%` a macro."""
    root = tmp_path / "a b #1 @c $d %e 'f" / "My bündle"
    root.mkdir(parents=True)
    (root / "configs").symlink_to(BUNDLES / "mean_teacher" / "configs")
    (root / "models").symlink_to(model_dir)
    (root / "eval").mkdir()
    monkeypatch.chdir(root / "eval")
    for place, given in enumerate(["..", "../../My bündle/"]):
        out = tmp_path / f"out{place}"
        assert main([given, "--output", str(out), "--formats", "pt"]) == 0
        assert "- Bundle: `My bündle`" in (out / "model_card.md").read_text()


@pytest.mark.parametrize("name", ["inference.json", "metadata.json"])
def test_a_damaged_bundle(name, model_dir, tmp_path, capsys):
    shutil.copytree(BUNDLES / "mean_teacher", tmp_path / "mine")
    (tmp_path / "mine" / "configs" / name).write_text("{")
    assert str(tmp_path / "mine" / "configs" / name) in fault(tmp_path, capsys, bundle=tmp_path / "mine")


def test_a_model_that_is_not_finite(model_dir, tmp_path, capsys):
    state = torch.load(model_dir / "model.pt", weights_only=True)
    state["fc.bias"][0] = torch.nan
    torch.save(state, model_dir / "model.pt")
    assert "model.pt: with these weights the network gives NaN or infinity" in fault(tmp_path, capsys)


def test_a_model_that_does_not_tell_its_classes(model_dir, tmp_path, capsys):
    """The bundle's own example would give their names."""
    info = json.loads((model_dir / "model.json").read_text())
    del info["labels"], info["task"]
    (model_dir / "model.json").write_text(json.dumps(info))
    assert "model.json: it does not tell task, labels, so nobody knows" in fault(tmp_path, capsys)


def test_a_model_that_is_replaced_meanwhile(model_dir, tmp_path, capsys, monkeypatch):
    digests = iter(["first", "second"])
    monkeypatch.setattr(opening, "model_digest", lambda _: next(digests))
    assert "model.pt: this file was replaced" in fault(tmp_path, capsys)


def test_no_bundle(model_dir, tmp_path, capsys):
    assert "this is no bundle" in fault(tmp_path, capsys, bundle="none")


@pytest.mark.parametrize("name", ["model.pt", "model.json"])
def test_no_model(name, model_dir, tmp_path, capsys):
    (model_dir / name).unlink()
    assert f"{model_dir / name}: there is no such file. Train first" in fault(tmp_path, capsys)


@pytest.mark.parametrize(("name", "reason"), [("model.pt", "cannot be read"), ("model.json", "is damaged")])
def test_a_damaged_model(name, reason, model_dir, tmp_path, capsys):
    (model_dir / name).write_text("{")
    message = fault(tmp_path, capsys)
    assert str(model_dir / name) in message
    assert reason in message


def test_no_such_configuration(model_dir, tmp_path, capsys):
    message = fault(tmp_path, capsys, "--config_file", "none.json")
    assert "none.json: there is no such configuration" in message
    assert "Those for inference are inference.json, segmentation_inference.json." in message


def test_a_model_of_another_configuration(tmp_path, capsys):
    make_model(tmp_path / "models", "mean_teacher", ("segmentation_inference",), patch_size=[16, 16, 16])
    message = fault(tmp_path, capsys)
    assert "model.pt: these weights are of another network" in message
    assert message.endswith("It fits `--config_file segmentation_inference.json`.")


def test_a_model_of_another_normalization(tmp_path, capsys):
    steps = ["CopyItemsd", "LoadRadiologyImaged", "Resized", "NormalizeIntensityd", "EnsureTyped"]
    make_model(tmp_path / "models", "mean_teacher", ("inference",), image_size=32, preprocessing=steps)
    message = fault(tmp_path, capsys)
    assert (
        "went through LoadRadiologyImaged, Resized, NormalizeIntensityd; here it is LoadRadiologyImaged, Resized."
        in message
    )
    make_model(
        tmp_path / "models", "mean_teacher", ("inference",), image_size=32, preprocessing=[*steps[:3], steps[-1]]
    )
    assert run(tmp_path) == 0


def test_the_models_settings_stand_above_those_of_an_overlay(tmp_path):
    """As where it was trained with `paper.json` and another image size."""
    make_model(tmp_path / "models", "mean_teacher", ("inference",), image_size=32, windows=["bone"])
    (tmp_path / "mine.json").write_text(json.dumps({"image_size": 224, "windows": ["header"]}))
    assert run(tmp_path, "--config_file", "inference.json", tmp_path / "mine.json") == 0
    steps = json.loads((tmp_path / "out" / "preprocessing.json").read_text())
    assert steps["input"]["shape"] == ["batch", 1, 32, 32]
    assert steps["preprocessing"][2]["arguments"]["windows"] == ["bone"]


def test_a_configuration_that_makes_no_network(model_dir, tmp_path, capsys):
    (tmp_path / "mine.json").write_text(json.dumps({"backbone": {"_target_": "ResNet", "block": "none"}}))
    message = fault(tmp_path, capsys, "--config_file", "inference.json", tmp_path / "mine.json")
    assert "this configuration does not make a network for this model" in message


@pytest.mark.parametrize("name", ["onnx", "onnxruntime"])
def test_without_the_packages_of_onnx(name, model_dir, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, name, None)
    message = fault(tmp_path, capsys, "--formats", "pt", "onnx")
    assert message.startswith(f"{name}: not installed")
    assert "`pip install onnx onnxruntime`" in message
    assert run(tmp_path) == 0


def test_a_folder_that_is_there(model_dir, tmp_path, capsys):
    assert run(tmp_path) == 0
    first = (tmp_path / "out" / "model_card.md").stat().st_ino
    assert "this folder is there already" in fault(tmp_path, capsys)
    assert (tmp_path / "out" / "model_card.md").stat().st_ino == first
    (tmp_path / "out" / "model.ts").write_text("of an earlier export")
    assert run(tmp_path, "--overwrite") == 0
    assert not (tmp_path / "out" / "model.ts").exists()
    (tmp_path / "out" / "thesis.txt").write_text("of years")
    assert "holds what is no export (thesis.txt)" in fault(tmp_path, capsys, "--overwrite")


def test_only_an_earlier_export_or_an_empty_folder_is_replaced(model_dir, tmp_path, capsys):
    """Other folders may have files of the same names, as those that training writes its models to."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "model.pt").write_text("of another training")
    assert "holds what is no export (model.pt)" in fault(tmp_path, capsys, "--overwrite")
    (tmp_path / "out" / "model.pt").unlink()
    assert run(tmp_path, "--overwrite") == 0


def test_a_file_or_a_link_in_the_place_is_kept(model_dir, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "empty")
    assert "is something else" in fault(tmp_path, capsys, "--overwrite")


def test_an_export_that_is_broken_off_leaves_the_one_before(model_dir, tmp_path, capsys, monkeypatch):
    assert run(tmp_path) == 0
    monkeypatch.setattr(exporting, "model_card", lambda *_: (_ for _ in ()).throw(InputError("broken off")))
    assert fault(tmp_path, capsys, "--overwrite") == "broken off"
    assert (tmp_path / "out" / "model_card.md").is_file()


def test_a_folder_that_cannot_take_its_place_leaves_the_one_before(tmp_path, monkeypatch):
    target = tmp_path / "out"
    with write_folder(target, ["a"], "a") as folder:
        (folder / "a").write_text("first")
    rename = type(target).rename

    def fail(path, to):
        if to == target and "former" not in path.name:
            raise OSError(28, "No space left on device")
        return rename(path, to)

    monkeypatch.setattr(type(target), "rename", fail)
    with pytest.raises(InputError, match="No space left"), write_folder(target, ["a"], "a", overwrite=True) as folder:
        (folder / "a").write_text("second")
    assert [path.name for path in tmp_path.rglob("*")] == ["out", "a"]
    assert (target / "a").read_text() == "first"
