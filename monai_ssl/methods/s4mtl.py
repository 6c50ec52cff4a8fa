"""Segmentation and diagnosis with an adversary: S2MTL and S4MTL."""

from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from monai_ssl.errors import InputError
from monai_ssl.losses.absolute_kl import absolute_kl
from monai_ssl.losses.adversarial import predicted_mask_loss, real_mask_loss
from monai_ssl.losses.consistency import probabilities
from monai_ssl.losses.signal_annealing import annealed_cross_entropy
from monai_ssl.methods.base import Batch, joint_images
from monai_ssl.methods.joint import JointMethod
from monai_ssl.networks.discriminator import ClassDiscriminator
from monai_ssl.networks.joint import GeneratorAndDiscriminator
from monai_ssl.networks.modes import frozen
from monai_ssl.transforms.surrogate import SurrogateTransforms

__all__ = ["S2MTL", "S4MTL"]


class S2MTL(JointMethod):
    """A generator of masks and a discriminator that diagnoses, in turn: semi-supervised multitask learning.

    With G the generator's probabilities, ``p = D(x, y)`` the discriminator's of n classes and one more for predicted
    masks, l labeled and u unlabeled images, the terms of the phase ``"discriminate"`` are::

        diagnosis             -log p_c(x_l, y_l)             (9)
        real                  -log(1 - p_{n+1}(x_l, y_l))    (11)
        predicted_labeled     -log p_{n+1}(x_l, G(x_l))      (12)
        predicted_unlabeled   -log p_{n+1}(x_u, G(x_u))      (13)

    where G does not learn, and those of ``"generate"``, where D does not::

        segmentation            Dice(y_l, G(x_l))                 (5)
        adversarial_labeled     -log(1 - p_{n+1}(x_l, G(x_l)))    (7)
        adversarial_unlabeled   -log(1 - p_{n+1}(x_u, G(x_u)))    (8)

    The text's alpha is the weight of each unlabeled term, its "small weight" that of the adversarial ones. An image
    without a class is not in (9), one without a mask neither in (5) nor in (11); if it has a class, its predicted mask
    takes the place of the true one in (9), as it does when the network is used: over the n classes alone, since (12)
    says that this mask is predicted.

    Source: Partly Supervised Multitask Learning, section 3 and algorithm 1, S2MTL in section 4.2.

    Args:
        network: generator and discriminator, one after the other.
        segmentation_loss: as for :class:`~monai_ssl.methods.JointMethod`.

    Attributes:
        signal_threshold: images whose class has a higher probability do not count in (9): training signal annealing, to
            be set before each step; infinite until then.
    """

    views: ClassVar[dict[str, int]] = {"labeled": 1, "unlabeled": 1}
    loss_names: ClassVar[dict[str, tuple[str, ...]]] = {
        "discriminate": ("diagnosis", "real", "predicted_labeled", "predicted_unlabeled"),
        "generate": ("segmentation", "adversarial_labeled", "adversarial_unlabeled"),
    }

    def __init__(self, network: GeneratorAndDiscriminator, segmentation_loss: nn.Module | None = None) -> None:
        super().__init__(network.mask_task, segmentation_loss=segmentation_loss)
        self.student = network
        self.signal_threshold = float("inf")

    @property
    def joint(self) -> nn.Module:
        """Generator and discriminator, one after the other."""
        return self.student

    @property
    def generator(self) -> nn.Module:
        """G, which the optimizer of the phase ``"generate"`` is given."""
        return self.student.generator

    @property
    def discriminator(self) -> ClassDiscriminator:
        """D, which the optimizer of the phase ``"discriminate"`` is given."""
        return self.student.discriminator

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """Return the terms of both phases, as they are before either has taken a step."""
        return {**self.discriminate(batch), **self.generate(batch)}

    def discriminate(self, batch: Batch) -> dict[str, Tensor]:
        """Return the terms that the discriminator learns from."""
        view, unlabeled = batch["labeled"][0], batch["unlabeled"][0]["image"]
        image = view["image"]
        predicted = self._predicted(joint_images(batch, 0))
        of_labeled, of_unlabeled = predicted.split([len(image), len(unlabeled)])
        masks, there = self.masks_of(view, predicted.shape[1])
        best = torch.where(there.view(-1, *[1] * (masks.ndim - 1)), masks, of_labeled)
        pairs = torch.cat((image, image, unlabeled)), torch.cat((best, of_labeled.to(best.dtype), of_unlabeled))
        classes, fake_labeled, fake_unlabeled = self.discriminator(*pairs)[0].split(
            [len(image), len(image), len(unlabeled)]
        )
        # Which of its two targets a predicted mask has, "predicted" or the image's class, depends on the question.
        fake = torch.arange(classes.shape[1], device=classes.device) == self.discriminator.num_classes
        diagnosis = classes.masked_fill(~there[:, None] & fake, -torch.inf)
        return {
            "diagnosis": annealed_cross_entropy(diagnosis, view["label"], self.signal_threshold),
            "real": real_mask_loss(classes[there]),
            "predicted_labeled": predicted_mask_loss(fake_labeled),
            "predicted_unlabeled": predicted_mask_loss(fake_unlabeled),
        }

    def generate(self, batch: Batch) -> dict[str, Tensor]:
        """Return the terms that the generator learns from."""
        view, images = batch["labeled"][0], joint_images(batch, 0)
        logits = self.generator(images)
        with frozen(self.discriminator):
            classes, _ = self.discriminator(images, probabilities(logits, self.mask_task))
        masks, there = self.masks_of(view, logits.shape[1])
        count = len(there)
        return {
            "segmentation": self.segmentation(logits[:count], masks, there),
            **self.distribution(logits[count:], masks[there]),
            "adversarial_labeled": real_mask_loss(classes[:count]),
            "adversarial_unlabeled": real_mask_loss(classes[count:]),
        }

    def distribution(self, logits: Tensor, masks: Tensor) -> dict[str, Tensor]:  # noqa: ARG002
        """Return what compares the masks of unlabeled images with true ones: nothing here."""
        return {}

    @torch.no_grad()
    def _predicted(self, images: Tensor) -> Tensor:
        return probabilities(self.generator(images), self.mask_task)


class S4MTL(S2MTL):
    """:class:`S2MTL` with self-supervision of the discriminator, and unsupervised segmentation.

    Beside the terms there, with a transform t drawn for each unlabeled image::

        surrogate           -log p_t(t(x_u), G(t(x_u)))                 (10), discriminate
        mask_distribution   |(y_l - G(x_u)) log(y_l / G(x_u))|          (6), generate

    In (6) each unlabeled image is compared with the mask of one labeled image, those being taken in turn; without any
    mask it is 0. By default the discriminator has logits of their own for the transforms; the text writes one softmax
    for both, see :class:`~monai_ssl.networks.ClassDiscriminator`.

    Source: Partly Supervised Multitask Learning, sections 3.1 to 3.4.

    Args:
        network: as for :class:`S2MTL`.
        segmentation_loss: see there.
        surrogates: the transforms; all flips and rotations by default.

    Raises:
        InputError: for a discriminator that cannot tell so many transforms apart.
    """

    loss_names: ClassVar[dict[str, tuple[str, ...]]] = {
        "discriminate": ("diagnosis", "surrogate", "real", "predicted_labeled", "predicted_unlabeled"),
        "generate": ("segmentation", "mask_distribution", "adversarial_labeled", "adversarial_unlabeled"),
    }

    def __init__(
        self,
        network: GeneratorAndDiscriminator,
        segmentation_loss: nn.Module | None = None,
        surrogates: SurrogateTransforms | None = None,
    ) -> None:
        super().__init__(network, segmentation_loss)
        self.surrogates = surrogates or SurrogateTransforms()
        capacity = network.discriminator.surrogate_capacity
        if capacity < len(self.surrogates):
            raise InputError(
                f"The discriminator can tell {capacity} surrogate transforms apart, but there "
                f"are {len(self.surrogates)}: {', '.join(self.surrogates.names)}. Give it `num_surrogates` of them, or "
                "name fewer transforms."
            )

    def discriminate(self, batch: Batch) -> dict[str, Tensor]:
        """Return the terms that the discriminator learns from."""
        terms = super().discriminate(batch)
        images = batch["unlabeled"][0]["image"]
        drawn = self.surrogates.draw(len(images)).to(images.device)
        moved = self.surrogates(images, drawn)
        _, surrogate = self.discriminator(moved, self._predicted(moved))
        terms["surrogate"] = F.cross_entropy(surrogate.float(), drawn)
        return {name: terms[name] for name in self.loss_names["discriminate"]}

    def distribution(self, logits: Tensor, masks: Tensor) -> dict[str, Tensor]:
        """Return ``"mask_distribution"``, equation 6."""
        if not len(masks):
            return {"mask_distribution": 0.0 * logits.sum()}
        partner = torch.arange(len(logits), device=logits.device) % len(masks)
        return {"mask_distribution": absolute_kl(logits, masks[partner], self.mask_task)}
