"""The forms that a network can be exported in: how each is written, and how it is read back."""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from monai.networks.utils import convert_to_onnx, convert_to_torchscript
from monai.utils import optional_import

from monai_ssl.errors import InputError
from monai_ssl.export.debug_records import remove_debug_records
from monai_ssl.export.parity import Run
from monai_ssl.export.source import Source, as_outputs
from monai_ssl.handlers.checkpoint import load_checkpoint, save_tensors

__all__ = ["FORMATS", "ONNX_OPSET", "Format", "check_packages"]

ONNX_OPSET = 17
"""Of the ONNX file: the oldest that has all that the networks need, for runtimes that are not the newest."""

_INPUT = "image"


@dataclass(frozen=True)
class Format:
    """A form that a network can be exported in.

    Args:
        file: the file's name.
        title: what it is called.
        write: writes the network of a source to a path, for images of any size or of one; returns how it was made.
        read: reads the file as a program that has it alone would, but for ``model.pt``, which needs the network.
        sized: whether what is written depends on whether images are of any size or of one.
        optional: whether a network that has no such form is exported without it.
    """

    file: str
    title: str
    write: Callable[[Source, Path, bool], str]
    read: Callable[[Source, Path], Run]
    sized: bool = True
    optional: bool = False


def check_packages(names: Sequence[str]) -> None:
    """Check that what the formats need is installed.

    Raises:
        InputError: when it is not.
    """
    absent = [name for name in ("onnx", "onnxruntime") if not optional_import(name)[1]]
    if "onnx" in names and absent:
        others = " ".join(name for name in FORMATS if name != "onnx")
        raise InputError(
            f"{' and '.join(absent)}: not installed, but needed to write and check model.onnx. "
            f"`pip install onnx onnxruntime` (the extra `export`), or leave that format out: `--formats {others}`."
        )


def _write_state(source: Source, path: Path, _: bool) -> str:
    save_tensors(source.network.state_dict(), path)
    return "weights"


def _read_state(source: Source, path: Path) -> Run:
    network = copy.deepcopy(source.network)
    for tensor in network.state_dict().values():
        tensor.zero_()  # so that nothing but what is read counts
    network.load_state_dict(load_checkpoint(path))
    return lambda image: as_outputs(network(image))


def _write_torchscript(source: Source, path: Path, _: bool) -> str:
    network, image = copy.deepcopy(source.network), torch.zeros(2, *source.input_shape)
    try:
        convert_to_torchscript(network, str(path))
        torch.jit.load(path)(image)
        how = "scripted"
    except Exception:  # the compiler ends in many ways on what it does not know
        # Not strict: a dictionary of outputs is given as one.
        convert_to_torchscript(network, str(path), use_trace=True, inputs=(image,), check_trace=False, strict=False)
        how = "traced"
    remove_debug_records(path)
    return how


def _read_torchscript(_: Source, path: Path) -> Run:
    network = torch.jit.load(path)
    return lambda image: as_outputs(network(image))


def _write_onnx(source: Source, path: Path, free_size: bool) -> str:
    image = torch.zeros(2, *source.input_shape)
    with torch.no_grad():
        tensors = {_INPUT: image, **as_outputs(source.network(image))}
    free = {name: range(2, tensor.ndim if free_size else 2) for name, tensor in tensors.items()}
    axes = {name: {0: "batch", **{axis: f"side_{axis - 1}" for axis in sides}} for name, sides in free.items()}
    # The exporter by tracing: the newer one needs a further package, onnxscript, and gains these networks nothing.
    model = convert_to_onnx(
        copy.deepcopy(source.network),
        (image,),
        input_names=[_INPUT],
        output_names=list(source.outputs),
        opset_version=ONNX_OPSET,
        dynamic_axes=axes,
        filename=str(path),
        dynamo=False,
    )
    optional_import("onnx")[0].checker.check_model(model, full_check=True)
    return f"opset {ONNX_OPSET}, by tracing"


def _read_onnx(_: Source, path: Path) -> Run:
    runtime = optional_import("onnxruntime")[0]
    options = runtime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 4  # an image size that does not fit is found out, and no news
    session = runtime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]

    def run(image: torch.Tensor) -> dict[str, torch.Tensor]:
        results = session.run(names, {_INPUT: image.numpy()})
        return {name: torch.from_numpy(result) for name, result in zip(names, results, strict=True)}

    return run


def _write_program(source: Source, path: Path, free_size: bool) -> str:
    axes = [0, *(range(2, len(source.input_shape) + 1) if free_size else ())]
    shapes = (dict.fromkeys(axes, torch.export.Dim.DYNAMIC),)
    with torch.no_grad():
        program = torch.export.export(source.network, (torch.zeros(2, *source.input_shape),), dynamic_shapes=shapes)
    for module in program.graph_module.modules():
        for node in module.graph.nodes if isinstance(module, torch.fx.GraphModule) else ():
            node.meta.pop("stack_trace", None)  # names the folders of this machine
    torch.export.save(program, path)
    return "torch.export"


def _read_program(_: Source, path: Path) -> Run:
    network = torch.export.load(path).module()
    return lambda image: as_outputs(network(image))


FORMATS: dict[str, Format] = {
    "pt": Format("model.pt", "weights", _write_state, _read_state, sized=False),
    "ts": Format("model.ts", "TorchScript", _write_torchscript, _read_torchscript, sized=False),
    "onnx": Format("model.onnx", "ONNX", _write_onnx, _read_onnx),
    "pt2": Format("model.pt2", "torch.export", _write_program, _read_program, optional=True),
}
"""By the name that the command line has for them, in the order in which they are made."""
