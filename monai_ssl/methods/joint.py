"""Supervised baselines of segmentation and diagnosis, together or each alone."""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import ClassVar

from monai.losses import DiceLoss
from torch import Tensor, nn

from monai_ssl.errors import InputError
from monai_ssl.losses.classification import one_hot
from monai_ssl.methods.base import Batch, Method
from monai_ssl.tasks import Task, check_task
from monai_ssl.transforms.missing_mask import has_mask

__all__ = ["UMTL", "ConvNet", "JointMethod", "UNetAlone"]


class JointMethod(Method):
    """A method whose images may have a mask, a class, both, or neither; each is used for what it has.

    A labeled view has ``"label"``, a class index ``(B, 1)``, negative or NaN where missing, and ``"mask"``: ``(B, K,
    *spatial)`` of 0 and 1 for regions, ``(B, 1, *spatial)`` of indices for classes. An image has none if any of it is
    negative or NaN: an affine transform brings 0 in from outside. Networks give a
    :class:`~monai_ssl.networks.JointOutput`.

    Args:
        mask_task: what the mask's logits stand for: ``"multilabel"`` for regions, ``"multiclass"`` for classes.
        class_weights: weights of the classes in the diagnosis.
        supervised_loss: of the diagnosis, a loss of (logits, labels) in place of cross-entropy.
        segmentation_loss: a loss of (logits, masks), both ``(B, K, *spatial)``; by default MONAI's ``DiceLoss``, the
            text's equation 5. (The text calls it generalized, but has no weights. Those of ``GeneralizedDiceLoss`` make
            a large mask as small as what keeps its fraction from 0 / 0.)

    Raises:
        ValueError: for an unknown task, or class weights beside a loss that would not know of them.
    """

    def __init__(
        self,
        mask_task: Task,
        class_weights: list[float] | None = None,
        supervised_loss: nn.Module | None = None,
        segmentation_loss: nn.Module | None = None,
    ) -> None:
        super().__init__("multiclass", class_weights, supervised_loss)
        self.mask_task = check_task(mask_task)
        regions = mask_task == "multilabel"
        self.segmentation_loss = segmentation_loss or DiceLoss(sigmoid=regions, softmax=not regions)

    @property
    @abstractmethod
    def joint(self) -> nn.Module:
        """The network that is trained: it maps an image to a :class:`~monai_ssl.networks.JointOutput`."""

    @property
    def candidates(self) -> dict[str, nn.Module]:
        """The trained network."""
        return {"network": self.joint}

    def masks_of(self, view: Mapping[str, Tensor], channels: int) -> tuple[Tensor, Tensor]:
        """Return the masks ``(B, K, *spatial)`` of 0 and 1, anything where there is none, and who has one ``(B,)``.

        Raises:
            InputError: for masks that do not fit a network of K channels.
        """
        mask = view["mask"]
        expected = channels if self.mask_task == "multilabel" else 1
        if mask.shape[1] != expected:
            raise InputError(
                f"The masks have {mask.shape[1]} channels, but the network's {channels} channels need masks of "
                f"{expected}. Give regions for the task 'multilabel', class indices for 'multiclass'."
            )
        there = has_mask(mask)
        known = mask.nan_to_num(-1.0)
        return (one_hot(known[:, 0], channels) if self.mask_task == "multiclass" else known).clamp(min=0).float(), there

    def segmentation(self, logits: Tensor, masks: Tensor, there: Tensor) -> Tensor:
        """Return the loss of masks, over the images that have one; 0, still joined to the graph, where none has.

        Args:
            logits: ``(B, K, *spatial)``.
            masks: what :meth:`masks_of` gives, as is the next.
            there: ``(B,)``.
        """
        return self.segmentation_loss(logits[there].float(), masks[there]) if there.any() else 0.0 * logits.sum()


class UMTL(JointMethod):
    """``L = Dice(y_l, mask(x_l)) + CE(c_l, diagnosis(x_l))`` with one network for both: U-MTL.

    Source: Partly Supervised Multitask Learning, section 4.2.

    Args:
        network: maps an image to a :class:`~monai_ssl.networks.JointOutput` with what the loss terms need.
        mask_task: as for :class:`JointMethod`, as are the others.
        class_weights: see there.
        supervised_loss: see there.
        segmentation_loss: see there.
    """

    views: ClassVar[dict[str, int]] = {"labeled": 1, "unlabeled": 0}
    loss_names: ClassVar[dict[str, tuple[str, ...]]] = {"losses": ("segmentation", "diagnosis")}

    def __init__(
        self,
        network: nn.Module,
        mask_task: Task = "multilabel",
        class_weights: list[float] | None = None,
        supervised_loss: nn.Module | None = None,
        segmentation_loss: nn.Module | None = None,
    ) -> None:
        super().__init__(mask_task, class_weights, supervised_loss, segmentation_loss)
        self.student = network

    @property
    def joint(self) -> nn.Module:
        """The network."""
        return self.student

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """Return the terms of :attr:`loss_names`."""
        view = batch["labeled"][0]
        output = self.student(view["image"])
        terms: dict[str, Callable[[], Tensor]] = {
            "segmentation": lambda: self.segmentation(output["mask"], *self.masks_of(view, output["mask"].shape[1])),
            "diagnosis": lambda: self.supervised_loss(output["diagnosis"], view["label"]),
        }
        return {name: terms[name]() for name in self.loss_names["losses"]}


class UNetAlone(UMTL):
    """:class:`UMTL` with the mask alone: the text's U-Net."""

    loss_names: ClassVar[dict[str, tuple[str, ...]]] = {"losses": ("segmentation",)}


class ConvNet(UMTL):
    """:class:`UMTL` with the diagnosis alone: the text's Conv-Net."""

    loss_names: ClassVar[dict[str, tuple[str, ...]]] = {"losses": ("diagnosis",)}
