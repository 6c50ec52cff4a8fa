import json
import logging
import random
import subprocess
import sys

import numpy as np
import pytest
import torch
from monai.bundle import ConfigWorkflow

from monai_ssl.bundle import as_bool, as_sizes, prepare_run, show_input_errors_plainly
from monai_ssl.errors import InputError

CONFIG = {
    "imports": ["$import monai_ssl.bundle as bundle"],
    "output_dir": "out",
    "steps": 1,
    "nested": {"rate": 0.5, "twice": "$2 * @steps"},
    "initialize": ["$bundle.show_input_errors_plainly()", "$bundle.prepare_run(@output_dir, seed=5, task='demo')"],
    "run": ["$1 / @steps"],
}


@pytest.fixture
def _as_before():
    """Put back what preparing a run changes in the whole process."""
    hook, python, numpy, rng = sys.excepthook, random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002
    flags = torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark
    yield
    sys.excepthook = hook
    random.setstate(python)
    np.random.set_state(numpy)  # noqa: NPY002
    torch.set_rng_state(rng)
    torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = flags


@pytest.fixture
def config(tmp_path):
    file = tmp_path / "train.json"
    file.write_text(json.dumps(CONFIG))
    return file


def workflow(file, **overrides):
    return ConfigWorkflow(str(file), meta_file=None, logging_file=False, workflow_type="train", **overrides)


@pytest.mark.usefixtures("_as_before")
def test_the_executed_configuration_is_saved(config, tmp_path):
    out = tmp_path / "a" / "out"
    workflow(config, output_dir=str(out), nested={"rate": 0.25, "twice": "$2 * @steps"}).initialize()
    assert [path.name for path in out.iterdir()] == ["config_demo.json"]
    saved = json.loads((out / "config_demo.json").read_text())
    assert saved["output_dir"] == str(out)
    assert saved["nested"] == {"rate": 0.25, "twice": "$2 * @steps"}
    assert saved["run"] == CONFIG["run"]
    # It can be run again as it is.
    again = workflow(out / "config_demo.json")
    again.initialize()
    again.run()


@pytest.mark.usefixtures("_as_before")
@pytest.mark.parametrize(
    ("words", "overrides", "message"),
    [
        (["--step", "2"], {"step": 2}, "the option `--step`. Did you mean `--steps`?"),
        (["--output-di=x"], {"output_di": "x"}, "the option `--output_di`. Did you mean `--output_dir`?"),
        (["--colour", "[1, 2]"], {"colour": [1, 2]}, "the option `--colour`."),
        (["--steps", "2", "--output_dir", "out"], {"steps": 2}, None),
        (["--run", "[]"], {"run": []}, None),
        (["--report", "$print(1)"], {"report": "$print(1)"}, None),  # may be what is run
        (["--config_file", "train.json"], {}, None),
        ([], {"step": 2}, None),  # from Python
    ],
)
def test_a_value_that_nothing_uses_is_named(config, tmp_path, monkeypatch, caplog, words, overrides, message):
    monkeypatch.setattr(sys, "argv", ["monai.bundle", "run", *words])
    workflow(config, **{"output_dir": str(tmp_path / "out"), **overrides}).initialize()
    named = [text for text in caplog.messages if text.startswith("Nothing in the configuration uses ")]
    assert named == ([] if message is None else [f"Nothing in the configuration uses {message}"])


@pytest.mark.usefixtures("_as_before")
def test_seeding(tmp_path):
    def draws():
        return random.random(), np.random.rand(), torch.rand(1).item()  # noqa: S311, NPY002

    prepare_run(tmp_path, seed=5)
    first = draws()
    prepare_run(tmp_path, seed=5)
    assert draws() == first
    prepare_run(tmp_path, seed=6)
    assert draws() != first
    state = torch.get_rng_state()
    prepare_run(tmp_path)
    assert torch.equal(torch.get_rng_state(), state)


def test_outside_a_workflow_there_is_no_configuration(tmp_path):
    prepare_run(tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"file.*cannot be written"):
        prepare_run(tmp_path / "file" / "out")


@pytest.mark.usefixtures("_as_before")
def test_other_errors_keep_their_traceback(capsys, caplog):
    show_input_errors_plainly()
    try:
        try:
            raise InputError("scan.dcm: broken. Mend it.")
        except InputError as error:
            raise RuntimeError("Failed to evaluate") from error
    except RuntimeError as error:
        with caplog.at_level(logging.DEBUG, logger="monai_ssl"):
            sys.excepthook(type(error), error, error.__traceback__)
    captured = capsys.readouterr()
    assert captured.err == "error: scan.dcm: broken. Mend it.\n"
    assert captured.out == ""
    assert "Traceback" in caplog.text  # for who asks for it
    try:
        raise ZeroDivisionError("by nothing")
    except ZeroDivisionError as error:
        sys.excepthook(type(error), error, error.__traceback__)
    shown = capsys.readouterr().err
    assert shown.startswith("Traceback")
    assert shown.endswith("ZeroDivisionError: by nothing\n")


def test_a_program_that_ends_with_an_input_error(config, tmp_path):
    (tmp_path / "file").write_text("")
    call = [sys.executable, "-m", "monai.bundle", "run", "--config_file", str(config), "--output_dir"]
    done = subprocess.run([*call, str(tmp_path / "file" / "out")], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 1
    assert [line for line in done.stderr.splitlines() if "rror" in line] == [
        f"error: {tmp_path}/file/out: this folder cannot be written (Not a directory). "
        "Choose another folder or mend its rights."
    ]
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("value", "expected"), [(True, True), (False, False), ("true", True), ("False", False)])
def test_yes_or_no_from_the_command_line(value, expected):
    assert as_bool(value) is expected


@pytest.mark.parametrize("value", ["yes", 1, None, ""])
def test_neither_yes_nor_no(value):
    with pytest.raises(InputError, match="Give true or false"):
        as_bool(value)


def test_an_error_of_a_worker_process_is_one_line_too():
    program = (
        "import torch, monai_ssl.bundle as bundle\n"
        "from monai_ssl.errors import InputError\n"
        "class Bad(torch.utils.data.Dataset):\n"
        "    def __len__(self): return 2\n"
        "    def __getitem__(self, index): raise InputError('scan.dcm: cannot be read. Replace it.')\n"
        "bundle.show_input_errors_plainly()\n"
        "list(torch.utils.data.DataLoader(Bad(), num_workers=1))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.strip() == "error: scan.dcm: cannot be read. Replace it."


@pytest.mark.parametrize(
    ("value", "expected"),
    [(32, [32] * 3), ([16, 32, 48], [16, 32, 48]), (1.5, [1.5] * 3), (None, None), ("null", None), ("None", None)],
)
def test_sizes(value, expected):
    assert as_sizes(value, 3) == expected


@pytest.mark.parametrize("value", [[32, 32], 0, [1, -1, 1], "32", [1, "a", 2]])
def test_what_is_no_size(value):
    with pytest.raises(InputError, match=r"such as \[32, 32, 32\]"):
        as_sizes(value, 3)
