"""Reading a bundle: its configuration for inference, and the network with its weights."""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from monai.bundle import ConfigParser
from monai.transforms import RepeatChanneld
from torch import nn

from monai_ssl.bundle import model_digest
from monai_ssl.bundle.model import MODEL_INFO_NAME, read_model_info
from monai_ssl.errors import InputError, find_input_error
from monai_ssl.export.source import MODEL_NAME, Source, as_outputs, is_plain
from monai_ssl.files import read_object
from monai_ssl.tasks import Task

__all__ = ["open_source"]

_ALWAYS = ("task", "labels", "channels", "spatial_dims")
"""What every model is told of; where it is not, the bundle's own example stands in, as the names of its classes."""

_WITHOUT_EFFECT = ("CopyItemsd", "EnsureTyped")
"""Transforms that leave the values of an image as they are."""


def open_source(bundle: str | Path, config_files: Sequence[str | Path], model_dir: str | Path | None = None) -> Source:
    """Read a bundle's inference configuration and make the network that it deploys.

    Nothing else of the configuration is evaluated: no data set is looked for, and nothing is written.

    Args:
        bundle: the bundle's folder.
        config_files: paths, or names of files in the bundle's ``configs``; later ones change earlier ones.
        model_dir: the folder of ``model.pt`` and ``model.json``; by default the bundle's ``models``.

    Raises:
        InputError: when the bundle, a configuration or the model is missing, damaged, or they do not fit together.
    """
    root = Path(bundle).resolve()  # without `..`, for its last part is the bundle's name
    if not (root / "configs").is_dir():
        raise InputError(f"{root}: this is no bundle, for it has no folder `configs`. Name one, as bundles/noteacher.")
    files = [_find_config(root, file) for file in config_files]
    folder = Path(model_dir).absolute() if model_dir else root / "models"
    for name in (MODEL_NAME, MODEL_INFO_NAME):
        if not (folder / name).is_file():
            raise InputError(
                f"{folder / name}: there is no such file. Train first, or give the folder of the model's two files, "
                f"{MODEL_NAME} and {MODEL_INFO_NAME}, as `--model_dir`."
            )
    if missing := [name for name in _ALWAYS if name not in read_model_info(folder, {})]:
        raise InputError(
            f"{folder / MODEL_INFO_NAME}: it does not tell {', '.join(missing)}, so nobody knows what the model is of. "
            "Put back the file that training wrote."
        )
    sha256 = model_digest(folder / MODEL_NAME)
    try:
        with _telling(files):
            parser = _parser(root, files, folder)
            network = _load(parser, folder)
    except InputError as error:
        fitting = [name for name in _others(root, files) if _fits(root, name, folder)]
        hint = f" It fits `--config_file {fitting[0]}`." if fitting else ""
        raise InputError(f"{error}{hint}") from error
    if model_digest(folder / MODEL_NAME) != sha256:
        raise InputError(f"{folder / MODEL_NAME}: this file was replaced while it was read. Wait for the training.")
    with _telling(files):
        shape = _input_shape(parser)
        with torch.no_grad():
            outputs = as_outputs(network(torch.zeros(1, *shape)))
        tasks = {name: _task(parser, name) for name in outputs}
    if not all(output.isfinite().all() for output in outputs.values()):
        raise InputError(
            f"{folder / MODEL_NAME}: with these weights the network gives NaN or infinity. Train again, or put back a "
            "copy."
        )
    info, metadata = read_model_info(folder, {}), read_object(root / "configs" / "metadata.json", "Put back a copy.")
    names = tuple(file.name for file in files)
    return Source(root, names, parser, metadata, info, network, shape, tasks, folder, sha256)


def _parser(root: Path, files: Sequence[Path], model_dir: Path) -> ConfigParser:
    config: dict[str, Any] = ConfigParser.load_config_files([str(file) for file in files])
    given: dict[str, Any] = {"bundle_root": _quoted(root), "model_dir": _quoted(model_dir), "device": "cpu"}
    if "pretrained" in config:
        given["pretrained"] = False  # all weights come from the model's file
    # An overlay has settings of its own, as an image size; the model may have been trained with others.
    info = read_model_info(model_dir, {})
    known = {name: info[name] for name in info if name in config and is_plain(config[name])}
    return ConfigParser(config={**config, **known, **given})


def _quoted(path: Path) -> str:
    """An expression that gives a path: in other texts, and where an expression has them, `#` and `@` are references."""
    return f"${str(path)!a}".replace("#", r"\x23").replace("@", r"\x40")


def _load(parser: ConfigParser, model_dir: Path) -> nn.Module:
    """Make the network with its weights, if images are prepared as they were for its training."""
    network = parser.get_parsed_content("network").eval()
    transforms = parser.get_parsed_content("preprocessing").flatten().transforms
    here = [type(each).__name__ for each in transforms if "image" in getattr(each, "keys", ("image",))]
    then = read_model_info(model_dir, {}).get("preprocessing", here)
    here, then = ([name for name in names if name not in _WITHOUT_EFFECT] for names in (here, then))
    if here != then:
        raise InputError(
            f"{model_dir / MODEL_NAME}: this model was trained on images that went through {', '.join(then)}; here it "
            f"is {', '.join(here)}. Give the configuration, with its overlays, that goes with its training."
        )
    return network


def _find_config(root: Path, file: str | Path) -> Path:
    for path in (root / "configs" / file, Path(file)):
        if path.is_file():
            return path
    known = ", ".join(sorted(path.name for path in (root / "configs").glob("*inference*.json")))
    raise InputError(f"{file}: there is no such configuration in {root / 'configs'}. Those for inference are {known}.")


@contextlib.contextmanager
def _telling(files: Sequence[Path]) -> Iterator[None]:
    """Let errors name the configuration; an ``InputError`` inside stands by itself."""
    try:
        yield
    except Exception as error:  # a configuration may end in whatever its expressions raise
        if found := find_input_error(error):
            raise found from error
        reason = str(error.__cause__ or error).splitlines()[0][:300]
        raise InputError(
            f"{', '.join(map(str, files))}: this configuration does not make a network for this model ({reason}). "
            "Give the configuration for inference, with its overlays, that fits how the model was trained."
        ) from error


def _others(root: Path, files: Sequence[Path]) -> list[str]:
    names = [path.name for path in sorted((root / "configs").glob("*inference*.json"))]
    overlays = [f"{name} {path.name}" for name in names for path in sorted((root / "configs").glob("paper*.json"))]
    given = " ".join(file.name for file in files)
    return [name for name in (*names, *overlays) if name != given]


def _fits(root: Path, names: str, model_dir: Path) -> bool:
    files = [root / "configs" / name for name in names.split()]
    try:
        with _telling(files):
            _load(_parser(root, files, model_dir), model_dir)
    except InputError:
        return False
    return True


def _input_shape(parser: ConfigParser) -> tuple[int, ...]:
    """The channels and sides of what enters the network, by the names that all bundles give them."""
    channels = parser.get_parsed_content("channels") * len(parser.get_parsed_content("windows"))
    for transform in parser.get_parsed_content("preprocessing").flatten().transforms:
        if isinstance(transform, RepeatChanneld):
            channels *= transform.repeater.repeats
    if "input_size" in parser:
        return (channels, *parser.get_parsed_content("input_size"))
    return (channels, *[parser.get_parsed_content("image_size")] * parser.get_parsed_content("spatial_dims"))


def _task(parser: ConfigParser, output: str) -> Task:
    return parser.get_parsed_content("mask_task" if output == "mask" else "task")
