"""Networks that give a mask and a diagnosis of one image."""

from collections.abc import Mapping
from typing import Any, Literal, NotRequired, TypedDict, get_args

from torch import Tensor, nn

from monai_ssl.losses.consistency import probabilities
from monai_ssl.networks.discriminator import ClassDiscriminator
from monai_ssl.networks.features import LayerFeatures, count_features
from monai_ssl.tasks import Task, check_task

__all__ = ["BranchedNetwork", "FirstOutput", "GeneratorAndDiscriminator", "JointOutput", "OneTask"]


class JointOutput(TypedDict):
    """What a network for both tasks gives: logits ``(B, K, *spatial)`` and ``(B, n)``; one for one task has one."""

    mask: NotRequired[Tensor]
    diagnosis: NotRequired[Tensor]


Part = Literal["mask", "diagnosis"]


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


class FirstOutput(nn.Module):
    """The mask of a network for masks and diagnoses as a tensor; the diagnosis of one that gives no mask.

    For what takes networks of one output, as MONAI's ``verify_net_in_out`` and ``ckpt_export``: its state dictionary is
    that of the whole network, whose parts it shares, so that the same file of weights fits; what it does not run is
    neither moved to another device nor exported.

    Args:
        network: for one task or both.
    """

    def __init__(self, network: GeneratorAndDiscriminator | BranchedNetwork | OneTask) -> None:
        super().__init__()
        self.part = network.generator if isinstance(network, GeneratorAndDiscriminator) else network.network
        self._whole = (network,)  # in a tuple it is not one of the modules here

    def forward(self, image: Tensor) -> Tensor:
        """Return the logits of the mask ``(B, K, *spatial)``, or of the diagnosis ``(B, n)``."""
        return self.part(image)

    def state_dict(self, *args: Any, **kwargs: Any) -> Any:
        """Return the state of the whole network."""
        return self._whole[0].state_dict(*args, **kwargs)

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:
        """Load the state of the whole network."""
        return self._whole[0].load_state_dict(state_dict, strict=strict, assign=assign)
