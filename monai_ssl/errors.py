"""The one error that this project raises for input that the user can mend."""

import contextlib
from collections.abc import Iterator

__all__ = ["InputError", "find_input_error", "plain_input_errors"]


class InputError(ValueError):
    """Input that cannot be used: the message names the file (or the argument) and the remedy.

    It takes one string only, so that it survives being re-raised from a data loader's worker process.
    """


def find_input_error(error: BaseException) -> InputError | None:
    """Find the ``InputError`` that another library wrapped into its own error, if there is one."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, InputError):
            return cause
        cause = cause.__cause__ or cause.__context__
    return None


@contextlib.contextmanager
def plain_input_errors() -> Iterator[None]:
    """Take an ``InputError`` out of those that MONAI wraps around what happens in transforms and configurations."""
    try:
        yield
    except Exception as error:
        found = find_input_error(error)
        if found is None or found is error:
            raise
        raise found from None
