"""Networks that give a mask and a diagnosis of one image."""

from typing import Literal, NotRequired, TypedDict, get_args

import torch
from torch import Tensor, nn

from monai_ssl.errors import InputError
from monai_ssl.losses.consistency import probabilities
from monai_ssl.networks.features import LayerFeatures, count_features
from monai_ssl.tasks import Task, check_task

__all__ = ["BranchedNetwork", "ClassDiscriminator", "GeneratorAndDiscriminator", "JointOutput", "OneTask"]


class JointOutput(TypedDict):
    """What a network for both tasks gives: logits ``(B, K, *spatial)`` and ``(B, n)``; one for one task has one."""

    mask: NotRequired[Tensor]
    diagnosis: NotRequired[Tensor]


Part = Literal["mask", "diagnosis"]


class ClassDiscriminator(nn.Module):
    """Diagnose an image from its mask, see through predicted masks, and tell surrogate transforms apart.

    Any classifier serves: its first n + 1 logits are the classes and "the mask is predicted", the m others those of the
    surrogate transforms. With m = 0 both questions share one softmax, as the text writes it: the first classes stand
    for the transforms, too.

    Source: Partly Supervised Multitask Learning, section 3.2.

    Args:
        network: maps ``(B, C + K, *spatial)``, an image and its mask, to ``n + 1 + m`` logits.
        num_classes: n.
        num_surrogates: m.

    Raises:
        ValueError: for fewer than two classes or a negative number.
    """

    def __init__(self, network: nn.Module, num_classes: int, num_surrogates: int = 0) -> None:
        super().__init__()
        if num_classes < 2 or num_surrogates < 0:
            raise ValueError(f"At least 2 classes and 0 surrogates are needed, got {num_classes} and {num_surrogates}.")
        self.network, self.num_classes, self.num_surrogates = network, num_classes, num_surrogates

    @property
    def surrogate_capacity(self) -> int:
        """How many surrogate transforms it can tell apart."""
        return self.num_surrogates or self.num_classes

    def forward(self, image: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Return the logits of the classes ``(B, n + 1)`` and of the surrogate transforms ``(B, m)``.

        The second are the first with m = 0.

        Args:
            image: ``(B, C, *spatial)``.
            mask: probabilities ``(B, K, *spatial)``.

        Raises:
            InputError: when the network gives another number of logits.
        """
        logits = self.network(torch.cat((image, mask.to(image.dtype)), dim=1))
        expected = self.num_classes + 1 + self.num_surrogates
        if logits.shape[1:] != (expected,):
            raise InputError(
                f"The discriminator needs {expected} logits an image: {self.num_classes} classes, one for predicted "
                f"masks, and {self.num_surrogates} surrogate transforms; {type(self.network).__name__} gives "
                f"{tuple(logits.shape[1:])}."
            )
        diagnosis, surrogate = logits.split([self.num_classes + 1, self.num_surrogates], dim=1)
        return diagnosis, surrogate if self.num_surrogates else diagnosis

    def extra_repr(self) -> str:
        """Return the numbers of logits, for the printed module."""
        return f"num_classes={self.num_classes}, num_surrogates={self.num_surrogates}"


class GeneratorAndDiscriminator(nn.Module):
    """Generate the mask of an image, then diagnose the image from it.

    Source: Partly Supervised Multitask Learning, figure 3: the mask comes from the decoder, the diagnosis from the
    discriminator.

    Args:
        generator: maps an image ``(B, C, *spatial)`` to logits of the mask ``(B, K, *spatial)``.
        discriminator: of images and masks.
        mask_task: what the mask's logits stand for: ``"multilabel"`` for regions, ``"multiclass"`` for classes.

    Raises:
        ValueError: for an unknown task.
    """

    def __init__(self, generator: nn.Module, discriminator: ClassDiscriminator, mask_task: Task) -> None:
        super().__init__()
        self.generator, self.discriminator = generator, discriminator
        self.mask_task = check_task(mask_task)

    def forward(self, image: Tensor) -> JointOutput:
        """Return the logits of the mask and of the n classes; "the mask is predicted" is left out."""
        mask = self.generator(image)
        diagnosis, _ = self.discriminator(image, probabilities(mask, self.mask_task))
        return {"mask": mask, "diagnosis": diagnosis[:, : self.discriminator.num_classes]}


class BranchedNetwork(nn.Module):
    """A segmentation network with a linear classifier of the features of one of its layers: U-MTL.

    Source: Partly Supervised Multitask Learning, section 4.2, "a multitasking U-Net with a classification branch from
    its bottleneck layer".

    Args:
        network: maps an image ``(B, C, *spatial)`` to logits of the mask ``(B, K, *spatial)``.
        layer: the layer's name, ``"down_4"`` of MONAI's ``BasicUNet``.
        num_classes: n.
        image_shape: ``(C, *spatial)`` of the images.

    Raises:
        InputError: when the network has no such layer.
    """

    def __init__(self, network: nn.Module, layer: str, num_classes: int, image_shape: tuple[int, ...]) -> None:
        super().__init__()
        self.network = network
        self.features = LayerFeatures(layer)
        self.branch = nn.Linear(count_features(network, layer, tuple(image_shape)), num_classes)

    def forward(self, image: Tensor) -> JointOutput:
        """Return the logits of the mask and of the n classes."""
        mask, features = self.features(self.network, image)
        return {"mask": mask, "diagnosis": self.branch(features)}


class OneTask(nn.Module):
    """Any network for one of the tasks, in the form of one for both: the U-Net or the Conv-Net alone.

    Args:
        network: maps an image ``(B, C, *spatial)`` to logits of the mask, or of the diagnosis.
        part: which of the two it gives.

    Raises:
        ValueError: for anything else.
    """

    def __init__(self, network: nn.Module, part: Part) -> None:
        super().__init__()
        if part not in get_args(Part):
            raise ValueError(f"`part` must be one of {get_args(Part)}, got {part!r}.")
        self.network, self.part = network, part

    def forward(self, image: Tensor) -> JointOutput:
        """Return the logits of the one."""
        logits = self.network(image)
        return {"mask": logits} if self.part == "mask" else {"diagnosis": logits}
