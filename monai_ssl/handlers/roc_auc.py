"""Macro AUROC that survives a class without positives, fit to be MONAI's key metric."""

import logging
import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from ignite import distributed as idist
from ignite.engine import Engine
from ignite.metrics import Metric
from monai.utils import convert_to_tensor, evenly_divisible_all_gather

from monai_ssl.errors import InputError
from monai_ssl.metrics import macro, one_against_rest, roc_auc_by_class
from monai_ssl.tasks import check_task

__all__ = ["MacroROCAUC"]

logger = logging.getLogger("monai_ssl")


class MacroROCAUC(Metric):
    r"""Mean over the classes of the area under the receiver operating characteristic, over a whole evaluation.

    .. math:: \frac{1}{|D|} \sum_{c \in D} AUROC_c, \quad D = \{c : \text{positives and negatives are known}\}

    Attached as ``name``, it puts the mean into ``state.metrics[name]`` and the area of each class in D into
    ``state.metrics[f"{name}_{class}"]``. The other classes are named once in a warning. Missing labels are left out
    class by class.

    It takes batches, ``(probabilities (B, C), labels (B, C) or (B,))``, and MONAI's decollated lists of the same, as
    ``from_engine(["pred", "label"])`` gives them. Distributed, the images of all processes are gathered (their numbers
    may differ). Images that a sampler repeats to give each process equally many would count twice: evaluate with a
    sampler that does not pad, such as ``monai.data.DistributedSampler(..., even_divisible=False)``.

    Args:
        class_names: names of the C classes, in the order of the network's outputs.
        task: "multilabel": labels in {0, 1}, -1 or NaN for missing; "multiclass": class indices, -1 for missing.
        output_transform: takes ``engine.state.output``, gives (probabilities, labels).
        device: where probabilities and labels are kept during an evaluation.

    Raises:
        InputError: for arguments that are out of place; on completion when no class has both a positive and a
            negative image, or a probability is NaN or not from 0 to 1.
    """

    def __init__(
        self,
        class_names: Sequence[str],
        task: str = "multilabel",
        output_transform: Callable[[Any], Any] = lambda output: output,
        device: str | torch.device = "cpu",
    ) -> None:
        self.class_names = tuple(class_names)
        if not self.class_names or len(set(self.class_names)) < len(self.class_names):
            raise InputError(f"class_names is {self.class_names}. Give each class one name of its own.")
        self.task = check_task(task)
        self.by_class: dict[str, float] = {}
        self._named: set[str] = set()
        super().__init__(output_transform=output_transform, device=device)

    def reset(self) -> None:
        """Forget the images of the last evaluation."""
        self._probabilities: list[torch.Tensor] = []
        self._labels: list[torch.Tensor] = []

    def update(self, output: Sequence[torch.Tensor]) -> None:
        """Keep a batch.

        Args:
            output: probabilities (B, C) and labels, (B, C) or class indices (B,).
        """
        probabilities, labels = (convert_to_tensor(part, track_meta=False).detach() for part in output)
        classes = len(self.class_names)
        expected = (len(probabilities), classes) if self.task == "multilabel" else (len(probabilities),)
        if self.task == "multiclass" and labels.ndim == 2 and labels.shape[1] == 1:
            labels = labels[:, 0]
        if probabilities.shape != (len(probabilities), classes) or labels.shape != expected:
            raise InputError(
                f"probabilities of shape {tuple(probabilities.shape)} and labels of shape {tuple(labels.shape)} do not "
                f"fit {self.task} with {classes} classes. Check class_names and output_transform."
            )
        self._probabilities.append(probabilities.to(self._device, torch.float32))
        self._labels.append(labels.to(self._device, torch.float32))

    def compute(self) -> float:
        """Gather the images of all processes; every process gets the same mean."""
        # A process without images still takes part in the gathering, with nothing.
        no_labels = torch.empty((0, len(self.class_names)) if self.task == "multilabel" else 0, device=self._device)
        no_probabilities = torch.empty((0, len(self.class_names)), device=self._device)
        probabilities = (
            evenly_divisible_all_gather(torch.cat([no_probabilities, *self._probabilities]), concat=True).cpu().numpy()
        )
        labels = evenly_divisible_all_gather(torch.cat([no_labels, *self._labels]), concat=True).cpu().numpy()
        if self.task == "multiclass":
            labels = one_against_rest(labels, len(self.class_names))
        areas = dict(zip(self.class_names, roc_auc_by_class(probabilities, labels).tolist(), strict=True))
        self.by_class = {name: area for name, area in areas.items() if not math.isnan(area)}
        if not self.by_class:
            raise InputError(
                f"no class has both a positive and a negative image among the {len(labels)} of this evaluation, so "
                "there is no AUROC. Evaluate on more images, or split the data so that each part holds both."
            )
        self._name_undefined()
        return macro(list(areas.values()))

    def completed(self, engine: Engine, name: str) -> None:
        """Put the mean and the areas by class into ``engine.state.metrics``."""
        super().completed(engine, name)
        for class_name in self.class_names:
            # Nothing of an earlier evaluation, on other images, may remain for a class that is undefined now.
            engine.state.metrics.pop(f"{name}_{class_name}", None)
        engine.state.metrics.update({f"{name}_{class_name}": area for class_name, area in self.by_class.items()})

    def _name_undefined(self) -> None:
        undefined = [name for name in self.class_names if name not in self.by_class and name not in self._named]
        self._named.update(undefined)
        if undefined and idist.get_rank() == 0:
            logger.warning(
                "The mean AUROC leaves out %s: not both positive and negative images are known.", ", ".join(undefined)
            )
