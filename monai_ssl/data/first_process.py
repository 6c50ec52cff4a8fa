"""Work that one process does for all."""

from collections.abc import Callable
from typing import cast

from ignite import distributed as idist

from monai_ssl.errors import InputError

__all__ = ["in_first_process"]


def in_first_process(work: Callable[[], None]) -> None:
    """Do something in the first process when all have come so far; its ``InputError`` is raised in all."""
    idist.barrier()
    problem = ""
    if idist.get_rank() == 0:
        try:
            work()
        except InputError as error:
            problem = str(error)
    if idist.get_world_size() > 1:
        # ignite sends no empty text.
        problem = cast(str, idist.broadcast(f"-{problem}"))[1:]
    if problem:
        raise InputError(problem)
