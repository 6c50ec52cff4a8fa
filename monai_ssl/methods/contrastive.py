"""Supervised contrastive pre-training of a network on labeled and unlabeled images."""

from typing import ClassVar

import torch
from torch import Tensor, nn

from monai_ssl.distributed import count_processes
from monai_ssl.errors import InputError
from monai_ssl.losses.contrastive import SupervisedContrastiveLoss
from monai_ssl.methods.base import Batch, Method, joint_images
from monai_ssl.networks.features import LayerFeatures
from monai_ssl.tasks import Task

__all__ = ["ContrastivePretraining", "check_comparable", "check_positives", "joint_labels"]


class ContrastivePretraining(Method):
    """``L_con`` of two views of every image, by what labels there are: the first stage of SRCL.

    The layers after ``features.layer``, such as the classifier, get no gradient. (Statistics of BatchNorm there move,
    as in any forward pass.)

    Source: SRCL, algorithm 1 and equation 2; see :func:`monai_ssl.losses.supervised_contrastive_loss`.

    Args:
        network: what is pre-trained; maps an image ``(B, C, *spatial)`` to logits.
        head: maps the layer's features ``(B, F)`` to projections ``(B, D)``.
        features: takes the features of a layer of ``network``.
        task: ``"multilabel"`` or ``"multiclass"``.
        contrastive_loss: the loss of projections ``(2, B, D)`` and labels.

    Raises:
        InputError: for a loss that compares label vectors, with ``"multiclass"``.
    """

    views: ClassVar[dict[str, int]] = {"labeled": 2, "unlabeled": 2}
    loss_names: ClassVar[dict[str, tuple[str, ...]]] = {"losses": ("contrastive",)}

    def __init__(
        self,
        network: nn.Module,
        head: nn.Module,
        features: LayerFeatures,
        task: Task,
        contrastive_loss: SupervisedContrastiveLoss | None = None,
    ) -> None:
        super().__init__(task)
        self.student, self.head, self.features = network, head, features
        self.contrastive_loss = check_positives(contrastive_loss or SupervisedContrastiveLoss(), task)

    @property
    def candidates(self) -> dict[str, nn.Module]:
        """The network; its classifier has learnt nothing yet."""
        return {"network": self.student}

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """Return ``{"contrastive": ...}``.

        Raises:
            InputError: for a batch of one image.
        """
        check_comparable(batch)
        # One pass for both views: BatchNorm sees them together, as in SimCLR.
        images = torch.cat([joint_images(batch, view) for view in range(2)])
        _, features = self.features(self.student, images)
        projections = torch.stack(self.head(features).chunk(2))
        return {"contrastive": self.contrastive_loss(projections, joint_labels(batch, self.task))}


def joint_labels(batch: Batch, task: Task) -> Tensor:
    """The labels of the labeled images, then -1 for each unlabeled one."""
    labels = batch["labeled"][0]["label"].float()  # -1 has no place in every type of integers
    if task == "multiclass":
        labels = labels.flatten()
    count = len(joint_images(batch, 0)) - len(labels)
    return torch.cat([labels, labels.new_full((count, *labels.shape[1:]), -1)])


def check_positives(loss: SupervisedContrastiveLoss, task: Task) -> SupervisedContrastiveLoss:
    """Return the loss, if it can compare the labels of the task.

    Raises:
        InputError: if it cannot.
    """
    if loss.positives == "jaccard" and task == "multiclass":
        raise InputError(
            "The overlap of labels ('jaccard') is of images with several labels, and those of this data set have one. "
            "Give `--positives equal`."
        )
    return loss


def check_comparable(batch: Batch) -> None:
    """Refuse a batch of one image, which cannot be compared with another.

    Raises:
        InputError: for such a batch.
    """
    if len(joint_images(batch, 0)) * count_processes() < 2:
        raise InputError(
            "The batch has one image, and this method compares the images of a batch with each other. Give a larger "
            "`--batch_size` or `--unlabeled_batch_size`."
        )
