"""The networks for segmentation and diagnosis that a config picks by name."""

from collections.abc import Sequence
from typing import Literal, get_args

from torch import nn

from monai_ssl.errors import InputError
from monai_ssl.networks.conv_classifier import conv_classifier
from monai_ssl.networks.discriminator import ClassDiscriminator
from monai_ssl.networks.joint import BranchedNetwork, GeneratorAndDiscriminator, OneTask
from monai_ssl.networks.segmentation import segmentation_network
from monai_ssl.tasks import Task

__all__ = ["JointArchitecture", "joint_network"]

JointArchitecture = Literal["adversarial", "branched", "mask", "diagnosis"]


def joint_network(
    architecture: JointArchitecture,
    image_shape: Sequence[int],
    num_masks: int,
    num_classes: int,
    num_surrogates: int = 0,
    mask_task: Task = "multilabel",
    features: Sequence[int] = (16, 16, 32, 64, 128, 16),
    channels: Sequence[int] = (16, 32, 64, 128),
    dropout: float = 0.4,
) -> nn.Module:
    """Make a network that maps an image to a :class:`~monai_ssl.networks.JointOutput`.

    - ``"adversarial"``: a U-Net that generates the mask, and a discriminator that diagnoses: S4MTL and S2MTL.
    - ``"branched"``: the U-Net with a branch at its bottleneck that diagnoses: U-MTL.
    - ``"mask"``: the U-Net alone.
    - ``"diagnosis"``: the classifier alone, on the image: Conv-Net.

    The U-Net is MONAI's ``BasicUNet`` with instance normalization, ReLU and dropout after each convolution, the
    classifier that of :func:`~monai_ssl.networks.conv_classifier`. Both are the same in all that have them.

    Source: Partly Supervised Multitask Learning, section 4.2; it gives neither layers nor channels.

    Args:
        architecture: one of these.
        image_shape: ``(C, *spatial)``, 2D or 3D.
        num_masks: K channels of the mask; not used by ``"diagnosis"``.
        num_classes: n classes; not used by ``"mask"``.
        num_surrogates: logits for surrogate transforms, of ``"adversarial"`` only.
        mask_task: what the mask's logits stand for: ``"multilabel"`` for regions, ``"multiclass"`` for classes.
        features: channels of the U-Net, from the image to its bottleneck, and of its last layer.
        channels: of the classifier.
        dropout: of the U-Net.

    Raises:
        InputError: for another architecture, or an image that is too small, or no multiple of what the U-Net needs.
    """
    if architecture not in get_args(JointArchitecture):
        known = ", ".join(get_args(JointArchitecture))
        raise InputError(f"There is no architecture {architecture!r} for both tasks. Use one of {known}.")
    image_channels, *sides = image_shape
    if architecture == "diagnosis":
        return OneTask(conv_classifier(image_shape, num_classes, channels), "diagnosis")
    unet = segmentation_network(
        "basicunet", len(sides), image_channels, num_masks, sides, features=features, act="relu", dropout=dropout
    )
    if architecture == "mask":
        return OneTask(unet, "mask")
    if architecture == "branched":
        return BranchedNetwork(unet, "down_4", num_classes, tuple(image_shape))
    judge = conv_classifier((image_channels + num_masks, *sides), num_classes + 1 + num_surrogates, channels)
    return GeneratorAndDiscriminator(unet, ClassDiscriminator(judge, num_classes, num_surrogates), mask_task)
