"""Runs a bundle (the arguments are those of ``monai.bundle``), and ends when the process that started it does."""

import os
import runpy
import threading

_ORPHANED = 3  # the exit code


def _end_with_parent() -> None:
    """Wait for the end of the standard input, which the parent holds open for as long as it lives."""
    while os.read(0, 1):  # not through `sys.stdin`, whose lock the interpreter wants when it ends
        pass
    os._exit(_ORPHANED)


if __name__ == "__main__":
    threading.Thread(target=_end_with_parent, daemon=True).start()
    runpy.run_module("monai.bundle", run_name="__main__", alter_sys=True)
