"""The network in each format, compared with itself."""

import logging
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from monai_ssl.errors import InputError
from monai_ssl.export.formats import FORMATS, Format
from monai_ssl.export.parity import TOLERANCE, Difference, Reference, Run
from monai_ssl.export.private import without_paths
from monai_ssl.export.source import Source
from monai_ssl.files import file_sha256

__all__ = ["Exported", "convert"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Exported:
    """What became of one format.

    Args:
        format: which.
        how: how it was made; where it was not, why.
        free_size: whether it takes images of another size than the network was trained with.
        difference: from the network; None where there is no file.
        size: of the file, in bytes.
        sha256: of the file.
    """

    format: Format
    how: str
    free_size: bool = False
    difference: Difference | None = None
    size: int = 0
    sha256: str = ""


def convert(source: Source, folder: Path, names: Sequence[str]) -> Iterator[Exported]:
    """Write the network in each format, read it back and compare it; one at a time, as the iterator is read.

    A format takes images of any size where the network does and where, on images that are longer along one axis, it
    still gives what the network gives. Otherwise it is made for images of the network's own size.

    Args:
        source: the network.
        folder: where to write.
        names: of :data:`~monai_ssl.export.formats.FORMATS`, which come in their own order.

    Raises:
        InputError: when a format cannot be made, and it is not an optional one, or when a file gives something else
            than the network.
    """
    reference = Reference(source.network, source.input_shape, source.outputs)
    free_size = reference.free_size
    for name, form in FORMATS.items():
        if name not in names:
            continue
        logger.info("Making %s (%s).", form.file, form.title)
        exported = _make(form, source, folder / form.file, reference, free_size)
        if exported.difference is None:
            logger.warning("%s: left out: %s", form.file, exported.how)
        # What tracing has fixed for one format is fixed for the next; torch.export takes minutes to find it out.
        free_size = free_size and (exported.free_size or exported.difference is None)
        yield exported


def _make(form: Format, source: Source, path: Path, reference: Reference, free_size: bool) -> Exported:
    made: tuple[str, Run] | None = None
    for longer in (True, False) if free_size else (False,):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of tracing and deprecation; what counts is compared
                if made is None or form.sized:
                    made = form.write(source, path, longer), form.read(source, path)
                difference = reference.compare(made[1], longer)
        except Exception as error:  # exporters and runtimes end in many ways on what they do not know
            if longer:
                logger.debug("%s: not for images of any size: %s", form.file, error)
                continue
            path.unlink(missing_ok=True)
            return _without(form, source, error)
        if difference.accepted:
            return Exported(form, made[0], longer, difference, path.stat().st_size, file_sha256(path))
    raise InputError(
        f"{form.file}: read back, its logits differ by {difference.logits:.1e} of their scale from those of the "
        f"network, and its probabilities by {difference.probabilities:.1e}; {TOLERANCE:g} is allowed. Nothing is "
        "exported. Try other versions of torch, onnx and onnxruntime, or leave this format out (`--formats`)."
    )


def _without(form: Format, source: Source, error: Exception) -> Exported:
    """What becomes of a format that cannot be made; all but the optional ones are asked for."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    reason = without_paths((lines[0] if lines else type(error).__name__)[:200])
    if form.optional:
        return Exported(form, f"not possible for this network ({reason})")
    others = " ".join(name for name, other in FORMATS.items() if other is not form)
    raise InputError(
        f"{form.file}: {type(source.network).__name__} cannot be exported in this format ({reason}). Leave it out: "
        f"`--formats {others}`."
    ) from error
