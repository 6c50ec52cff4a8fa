"""The saliency maps of an evaluation: of the model, and of others beside it."""

import copy
import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from monai.networks.utils import eval_mode
from numpy.typing import NDArray
from torch import Tensor, nn

from monai_ssl.bundle.model import load_model, read_model_info
from monai_ssl.data import ImageDataset
from monai_ssl.data.datalist_entries import image_paths
from monai_ssl.errors import InputError
from monai_ssl.readers.file_kind import kind_of
from monai_ssl.reports import SaliencyRow, choose_images, input_saliency, saliency_figure, save_figure
from monai_ssl.tasks import check_task

__all__ = ["write_saliency"]

logger = logging.getLogger(__name__)


def write_saliency(
    network: nn.Module,
    dataset: ImageDataset,
    class_names: Sequence[str],
    task: str,
    path: str | os.PathLike[str],
    name: str,
    compare: Mapping[str, str | os.PathLike[str]] | None = None,
    images: str | Sequence[str] | None = None,
    folder: str | os.PathLike[str] = ".",
    per_class: int = 1,
    smooth: int = 0,
    seed: int = 0,
) -> None:
    """Draw saliency maps of test images, side by side for several models, and write the figure.

    It shows true classes and probabilities, and no name of a file or patient.

    Args:
        network: the model; it maps images to logits (B, C).
        dataset: the test images with deterministic preprocessing; its ``data`` are entries of a data list.
        class_names: C names.
        task: "multilabel" or "multiclass".
        path: the figure's file.
        name: of the model, for its column, which is the last.
        compare: ``model.pt`` of other models with the same architecture and classes, by the names of their columns.
        images: see :func:`monai_ssl.reports.choose_images`, as for ``folder``, ``per_class`` and ``seed``.
        folder: the data list's folder.
        per_class: how many images of each class.
        smooth: see :func:`monai_ssl.reports.input_saliency`.
        seed: of the choice of images and of the noise, which is the same for all models.

    Raises:
        InputError: when images cannot be chosen as asked, or a model to compare cannot be loaded into a copy of
            ``network``, was trained on other classes, or has the name of another.
    """
    check_task(task)
    chosen = choose_images(dataset.data, class_names, images, folder, per_class, seed)
    networks = {**_load(compare or {}, network, class_names, name), name: network}
    device = next(network.parameters()).device
    rows = []
    for place, index in chosen:
        image = torch.as_tensor(dataset[place]["image"]).to(device)[None]
        target = torch.tensor([index])
        maps = {key: input_saliency(each, image, target, smooth, seed=seed) for key, each in networks.items()}
        nifti = kind_of(image_paths(dataset.data[place])[0]) == "nifti"
        rows.append(
            SaliencyRow(
                label=class_names[index],
                image=_upright(image[0], nifti),
                maps={key: _upright(values, nifti)[0] for key, values in maps.items()},
                probabilities={key: _probability(each, image, index, task) for key, each in networks.items()},
            )
        )
    noisy = f", mean over {smooth} noisy copies" if smooth else ""
    save_figure(saliency_figure(rows, f"Saliency of test images{noisy}"), path)
    logger.info("The saliency maps are in %s.", path)


def _load(
    files: Mapping[str, str | os.PathLike[str]], network: nn.Module, class_names: Sequence[str], name: str
) -> dict[str, nn.Module]:
    if not isinstance(files, Mapping):
        raise InputError(f"The models to compare are {files!r}. Give names and files: {{'supervised': 'model.pt'}}.")
    if name in files:
        raise InputError(f"A model to compare has the name {name!r} of the model itself. Give it another name.")
    networks = {}
    for key, file in files.items():
        networks[key] = load_model(copy.deepcopy(network), Path(file))
        labels = read_model_info(Path(file).parent, {}).get("labels", list(class_names))
        if labels != list(class_names):
            raise InputError(
                f"{file}: this model was trained on the classes {', '.join(labels)}, not {', '.join(class_names)}. "
                "Compare models of the same classes in the same order."
            )
    return networks


def _probability(network: nn.Module, image: Tensor, index: int, task: str) -> float:
    with eval_mode(network):
        logits = network(image)[0]
    return float((logits.sigmoid() if task == "multilabel" else logits.softmax(dim=0))[index])


def _upright(values: Tensor, nifti: bool) -> NDArray[np.floating]:
    """Turn (C, *spatial) as it is looked at: the axes of NIfTI go to the patient's right and front."""
    turned = values.transpose(1, 2).flip(1, 2) if nifti else values
    return turned.detach().cpu().numpy()
