"""Runs a module that trains, and kills it as a power cut would: ``killed.py CHECKPOINT MODULE ARGUMENTS``.

It ends after the first step that follows the first checkpoint, which is the moment whatever the speed of the machine.
"""

import os
import runpy
import signal
import sys
from pathlib import Path

from monai_ssl.engines import SemiSupervisedTrainer

if __name__ == "__main__":
    _, checkpoint, module, *arguments = sys.argv
    sys.argv = [module, *arguments]
    step = SemiSupervisedTrainer._iteration

    def last_step(trainer, engine, batch):
        """Do a step, and no other once the checkpoint is there."""
        begun_before = Path(checkpoint).is_file()
        output = step(trainer, engine, batch)
        if begun_before:
            os.kill(os.getpid(), signal.SIGKILL)
        return output

    SemiSupervisedTrainer._iteration = last_step
    runpy.run_module(module, run_name="__main__", alter_sys=True)
