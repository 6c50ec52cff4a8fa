"""The part of a model card on the files that go with it."""

from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version

from monai_ssl import __version__
from monai_ssl.export.convert import Exported
from monai_ssl.export.formats import ONNX_OPSET
from monai_ssl.export.markdown import table_lines
from monai_ssl.export.parity import BATCH_SIZES, TOLERANCE
from monai_ssl.export.source import MODEL_NAME, Source
from monai_ssl.export.wording import listed

__all__ = ["file_lines", "summary_rows"]

_HEADER = ("file", "format", "how it was made", "image size", "size", "largest difference")


def summary_rows(source: Source, exported: Sequence[Exported]) -> list[tuple[str, ...]]:
    """Give a table: a header, and a row a format."""
    own = " x ".join(map(str, source.input_shape[1:]))
    rows: list[tuple[str, ...]] = [_HEADER]
    for each in exported:
        if each.difference is None:
            rows.append((each.format.file, each.format.title, each.how, "-", "-", "-"))
        else:
            sides = "free" if each.free_size else f"{own} only"
            size, largest = f"{each.size / 2**20:.1f} MiB", f"{each.difference.largest:.1e}"
            rows.append((each.format.file, each.format.title, each.how, sides, size, largest))
    return rows


def file_lines(source: Source, exported: Sequence[Exported]) -> Iterator[str]:
    """Give the lines of Markdown."""
    header, *rows = summary_rows(source, exported)
    yield from table_lines(header, rows)
    yield ""
    shape = " x ".join(map(str, source.input_shape))
    yield (
        f"Every file was read back and run on random images of {shape} in batches of {listed(BATCH_SIZES)} (and, where "
        "the image size is free, on images twice as long along each axis), on a CPU in float32. Its logits differ from "
        f"those of the network in PyTorch by at most {TOLERANCE:g} of the largest logit (or of 1, if that is smaller), "
        f"and its probabilities by at most {TOLERANCE:g}; the table has the larger of the two differences. The batch "
        "size is free in all of them. A free image size only means that the file takes it: the numbers above are for "
        "images that are prepared as described."
    )
    yield ""
    yield "- `model.json` says what the model is for; the bundle checks it before it uses the weights in `model.pt`."
    yield f"- SHA-256 of the `{MODEL_NAME}` of the training, of which all of these were made: `{source.sha256}`"
    yield from (f"- SHA-256 of `{each.format.file}`: `{each.sha256}`" for each in exported if each.sha256)
    names = [
        "torch",
        "monai",
        *(["onnx", "onnxruntime"] if any(each.format.file == "model.onnx" for each in exported) else []),
    ]
    versions = ", ".join(f"{name} {_version(name)}" for name in names)
    opset = f", ONNX opset {ONNX_OPSET}" if "onnx" in names else ""
    yield f"- Made with monai_ssl {__version__}, {versions}{opset}"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:  # a build under another name, such as onnxruntime-gpu
        return "of unknown version"
