"""The saliency maps of an evaluation: of the model, and of others beside it."""

import copy
import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from monai.transforms import Compose, CopyItemsd, NormalizeIntensityd
from numpy.typing import NDArray
from torch import Tensor, nn

from monai_ssl.bundle.model import load_model
from monai_ssl.data import DATALIST_NAME, ImageDataset
from monai_ssl.data.datalist_entries import image_paths
from monai_ssl.errors import InputError
from monai_ssl.losses import probabilities
from monai_ssl.networks import evaluating
from monai_ssl.readers.file_kind import kind_of
from monai_ssl.reports import (
    SaliencyRow,
    check_row_count,
    check_smooth,
    choose_images,
    input_saliency,
    saliency_figure,
    save_figure,
)
from monai_ssl.tasks import Task, check_task

__all__ = ["SaliencyMaps"]

logger = logging.getLogger(__name__)


class SaliencyMaps:
    """Saliency maps of test images, side by side for several models.

    Images are chosen and models loaded at once, so that a wrong option ends an evaluation before it begins; maps are
    computed by :meth:`write`. The figure shows true classes and probabilities, and no name of a file or patient.

    Args:
        network: the model; it maps images to logits (B, C).
        dataset: the test images with deterministic preprocessing; its ``data`` are entries of a data list. Images are
            drawn as they are before ``NormalizeIntensityd``, where it has one.
        info: what :func:`monai_ssl.bundle.model_info` gives: C labels, the task, and what ``compare`` must agree with.
        path: the figure's file.
        name: of the model, for its column, which is the last.
        compare: ``model.pt`` of other models by the names of their columns: of the same architecture, and trained on
            the same classes with the same settings.
        images: see :func:`monai_ssl.reports.choose_images`, as for ``folder``.
        folder: the data list's folder.
        per_class: how many images of each class; 0 for no maps, unless ``images`` are named.
        smooth: see :func:`monai_ssl.reports.input_saliency`.
        seed: of the choice of images and of the noise, which is the same for all models.

    Raises:
        InputError: when there are no test images, when images cannot be chosen as asked, or are too many, and when a
            model to compare is not as above, or has the name of another.
    """

    def __init__(
        self,
        network: nn.Module,
        dataset: ImageDataset,
        info: Mapping[str, Any],
        path: str | os.PathLike[str],
        name: str,
        compare: Mapping[str, str | os.PathLike[str]] | None = None,
        images: str | Sequence[str] | None = None,
        folder: str | os.PathLike[str] = ".",
        per_class: int = 1,
        smooth: int = 0,
        seed: int = 0,
    ) -> None:
        if not dataset.data:
            file = Path(folder) / DATALIST_NAME
            raise InputError(
                f"{file}: its list `test` is empty, so nothing can be evaluated. Give labeled test images."
            )
        check_smooth(smooth)
        self.task, self.class_names = check_task(info["task"]), list(info["labels"])
        self.chosen = choose_images(dataset.data, self.class_names, images, folder, per_class, seed)
        check_row_count(len(self.chosen))
        self.networks = {**_load(compare or {}, network, info, name), name: network}
        self.device = next(network.parameters()).device
        self.dataset = ImageDataset(dataset.data, _keep_picture(dataset.transform), cache_rate=0.0)
        self.path, self.smooth, self.seed = Path(path), smooth, seed

    def write(self) -> None:
        """Compute the maps and write the figure. Without maps, a figure from an earlier evaluation is removed."""
        if not self.chosen:
            self.path.unlink(missing_ok=True)
            logger.info("No saliency maps are drawn.")
            return
        rows = [self._row(place, index) for place, index in self.chosen]
        noisy = f", mean over {self.smooth} noisy copies" if self.smooth else ""
        save_figure(saliency_figure(rows, f"Saliency of test images{noisy}"), self.path)
        logger.info("The saliency maps are in %s.", self.path)

    def _row(self, place: int, index: int) -> SaliencyRow:
        item = self.dataset[place]
        image, target = torch.as_tensor(item["image"]).to(self.device)[None], torch.tensor([index])
        nifti = kind_of(image_paths(self.dataset.data[place])[0]) == "nifti"
        maps = {
            name: _upright(input_saliency(network, image, target, self.smooth, seed=self.seed), nifti)[0]
            for name, network in self.networks.items()
        }
        return SaliencyRow(
            label=self.class_names[index],
            image=_upright(torch.as_tensor(item["picture"]), nifti),
            maps=maps,
            probabilities={key: _probability(each, image, index, self.task) for key, each in self.networks.items()},
        )


def _load(files: Any, network: nn.Module, info: Mapping[str, Any], name: str) -> dict[str, nn.Module]:
    if not isinstance(files, Mapping) or not all(
        isinstance(key, str) and isinstance(file, str | os.PathLike) for key, file in files.items()
    ):
        raise InputError(f"The models to compare are {files!r}. Give names and files: {{'supervised': 'model.pt'}}.")
    if name in files:
        raise InputError(f"A model to compare has the name {name!r} of the model itself. Give it another name.")
    return {key: load_model(copy.deepcopy(network), Path(file), info) for key, file in files.items()}


def _keep_picture(preprocessing: Compose) -> Compose:
    """Keep each image as it is before its normalization, which changes its colors."""
    steps = list(preprocessing.flatten().transforms)
    place = next((i for i, step in enumerate(steps) if isinstance(step, NormalizeIntensityd)), len(steps))
    return Compose([*steps[:place], CopyItemsd("image", names="picture"), *steps[place:]])


def _probability(network: nn.Module, image: Tensor, index: int, task: Task) -> float:
    with evaluating(network), torch.no_grad():
        return float(probabilities(network(image), task)[0, index])


def _upright(values: Tensor, nifti: bool) -> NDArray[np.floating]:
    """Turn (C, *spatial) as it is looked at: the axes of NIfTI go to the patient's right and front."""
    turned = values.transpose(1, 2).flip(1, 2) if nifti else values
    return turned.detach().cpu().numpy()
