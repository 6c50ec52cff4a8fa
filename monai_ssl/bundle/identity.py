"""Which model file an evaluation is of."""

from pathlib import Path

from monai_ssl.errors import InputError
from monai_ssl.files import file_sha256, read_object
from monai_ssl.reports.results import MODEL_DIGEST

__all__ = ["evaluated_digest", "model_digest"]


def model_digest(path: str | Path) -> str:
    """SHA-256 of a model's file.

    Raises:
        InputError: when there is none, or it cannot be read.
    """
    if not Path(path).is_file():
        raise InputError(f"{path}: there is no such file. Train first, or name the model file.")
    try:
        return file_sha256(path)
    except OSError as error:
        raise InputError(f"{path}: this file cannot be read ({error.strerror}). Mend its rights.") from error


def evaluated_digest(record: str | Path) -> str | None:
    """SHA-256 of the model that an evaluation was of, by its record; None where it does not say, as older ones do not.

    Raises:
        InputError: when the file is damaged.
    """
    return read_object(record, "Evaluate again, or remove it.").get(MODEL_DIGEST)
