"""What happens before a bundle's run: seeds, output folder, clear errors."""

import difflib
import json
import logging
import re
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

from monai.bundle import ConfigWorkflow
from monai.utils import set_determinism

from monai_ssl.errors import InputError, find_input_error
from monai_ssl.files import make_folder, write_json

__all__ = ["as_bool", "as_sizes", "prepare_run", "show_input_errors_plainly"]

logger = logging.getLogger(__name__)


def prepare_run(output_dir: str | Path, seed: int | None = None, task: str = "train") -> None:
    """Seed everything, make sure that the output folder can be written, save the executed configuration there.

    A warning names an option that nothing uses, as a misspelled one: MONAI takes any.

    Args:
        output_dir: the folder for all that the run writes.
        seed: seed of Python, NumPy and torch; ``None`` leaves them alone.
        task: the configuration is saved as ``config_<task>.json``.

    Raises:
        InputError: when the folder cannot be written.
    """
    if seed is not None:
        set_determinism(seed=seed)
    make_folder(output_dir)
    workflow = _running_workflow()
    if workflow is not None:
        _name_unused_options(workflow)
        config = json.loads(json.dumps(workflow.parser.get(), default=str))
        write_json(Path(output_dir) / f"config_{task}.json", config)


def as_bool(value: bool | str) -> bool:
    """Read a yes-or-no option: the command line hands on ``true`` and ``false`` as words.

    Raises:
        InputError: for anything else.
    """
    words = {"true": True, "false": False}
    if isinstance(value, bool):
        return value
    if str(value).lower() not in words:
        raise InputError(f"The option is {value!r}. Give true or false.")
    return words[str(value).lower()]


def as_sizes(value: Any, dims: int) -> list[float] | None:
    """Read an option that is a positive number for each axis: one number stands for all axes.

    Args:
        value: a number, or ``dims`` of them; ``None`` (or the word, or ``null``, as the command line may hand them on)
            for no such option.
        dims: the number of axes.

    Raises:
        InputError: for anything else.
    """
    if value is None or str(value).lower() in ("none", "null"):
        return None
    sizes = [value] * dims if isinstance(value, int | float) else value
    sound = isinstance(sizes, list | tuple) and all(isinstance(part, int | float) and part > 0 for part in sizes)
    if not sound or len(sizes) != dims:
        raise InputError(f"The option is {value!r}. Give one positive number, or {dims}, such as {[32] * dims}.")
    return list(sizes)


def show_input_errors_plainly() -> None:
    """Let a program that ends with an ``InputError`` print its message only.

    MONAI wraps what happens inside a configuration several times over; the last line of such a traceback names a part
    of the configuration, not the file at fault. Other errors keep their traceback, and so do all from Python code that
    catches them itself.
    """

    def hook(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
        found = find_input_error(error)
        if found is None:
            sys.__excepthook__(kind, error, traceback)
        else:
            logger.debug("The whole error:", exc_info=(kind, error, traceback))
            # From a worker process it comes with that process's traceback in the message.
            message = str(found).rsplit("InputError: ", 1)[-1].strip()
            print(f"error: {message}", file=sys.stderr)

    sys.excepthook = hook


def _name_unused_options(workflow: ConfigWorkflow) -> None:
    """Warn of values on the command line that nothing in the configuration refers to."""
    config = workflow.parser.get()
    text = json.dumps(config, default=str)
    given = {word[2:].partition("=")[0].replace("-", "_") for word in sys.argv if word.startswith("--")}
    for option in sorted(given & set(config) - {"imports", workflow.init_id, workflow.run_id, workflow.final_id}):
        is_value = re.search(r'"[$@%]|_target_', json.dumps(config[option], default=str)) is None
        if is_value and re.search(rf"[@%]{re.escape(option)}\b", text) is None:
            close = difflib.get_close_matches(option, set(config) - {option}, n=1)
            meant = f" Did you mean `--{close[0]}`?" if close else ""
            logger.warning("Nothing in the configuration uses the option `--%s`.%s", option, meant)


def _running_workflow() -> ConfigWorkflow | None:
    """Return the workflow that is evaluating the calling expression.

    MONAI hands an expression no reference to the parser that evaluates it, so it is looked up among the callers.
    Outside a ``ConfigWorkflow`` there is none.
    """
    frame = sys._getframe()
    while frame is not None:
        caller = frame.f_locals.get("self")
        if isinstance(caller, ConfigWorkflow):
            return caller
        frame = frame.f_back  # type: ignore[assignment]
    return None
