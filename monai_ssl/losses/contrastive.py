"""The supervised contrastive loss, for batches of which only some images have a label."""

from typing import Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from monai_ssl.distributed import gather_images
from monai_ssl.losses.precision import at_least_float32

__all__ = ["SupervisedContrastiveLoss", "supervised_contrastive_loss"]

Positives = Literal["equal", "jaccard"]


def supervised_contrastive_loss(
    projections: Tensor, labels: Tensor | None = None, temperature: float = 0.1, positives: Positives = "equal"
) -> Tensor:
    """Pull the views of one image, and images of one label, together; push all others apart.

    ``L = mean_i -1/|P(i)| sum_{p in P(i)} log( exp(z_i.z_p / tau) / sum_{a != i} exp(z_i.z_a / tau) )``

    over the V B views as anchors i, with z the projections at length 1. P(i) are the other views of the anchor's image
    and, if that has a label, all views of the images with the same label. With ``positives="jaccard"`` each view counts
    in the sum by the overlap ``|y_i & y_p| / |y_i | y_p|`` of the label vectors (two empty ones overlap fully), and
    ``|P(i)|`` is the sum of these weights. Without labels, and with two views, this is SimCLR's NT-Xent. Views without
    any positive, which only single views can be, do not count in the mean; a batch of such alone gives 0, still joined
    to the graph. In float32 at least.

    Source: SRCL, equation 2, after Khosla et al., Supervised Contrastive Learning, 2020; the text sums over the anchors
    where this takes their mean, so that the loss does not grow with the batch.

    Args:
        projections: ``(V, B, D)``, V views of each of B images.
        labels: class indices ``(B,)`` or label vectors ``(B, C)`` in {0, 1}; NaN or negative is missing, and an image
            that lacks any part of its label counts as unlabeled. ``None``: no image has one.
        temperature: tau, above 0.
        positives: for label vectors, whether the same label means an equal vector or (partly) an overlap.

    Raises:
        ValueError: for shapes that do not fit, a temperature that is not positive, an unknown ``positives``, or
            ``"jaccard"`` with class indices.
    """
    if projections.ndim != 3:
        raise ValueError(f"Projections must be (views, B, D), got the shape {tuple(projections.shape)}.")
    _check_settings(temperature, positives)
    views, images, _ = projections.shape
    if views * images < 2:
        raise ValueError(f"There is nothing to contrast in {views} view of {images} image: give two views or images.")
    with torch.autocast(projections.device.type, enabled=False):
        z = at_least_float32(projections.flatten(0, 1))
        z = F.normalize(z, dim=1, eps=1e-4)  # which bounds the gradient of a projection next to 0
        similarity = z @ z.T / temperature
        itself = torch.eye(views * images, dtype=torch.bool, device=z.device)
        log_probability = similarity - similarity.masked_fill(itself, -torch.inf).logsumexp(dim=1, keepdim=True)
        weights = _overlap(labels, images, positives, z).repeat(views, views).masked_fill(itself, 0)
        total = weights.sum(dim=1)
        anchors = (weights * log_probability).sum(dim=1) / total.clamp(min=torch.finfo(z.dtype).tiny)
        return -anchors.sum() / (total > 0).sum().clamp(min=1)


def _overlap(labels: Tensor | None, images: int, positives: Positives, like: Tensor) -> Tensor:
    """How far two images have the same label, ``(B, B)`` in [0, 1]; an image has its own."""
    same = torch.eye(images, dtype=like.dtype, device=like.device)
    if labels is None:
        return same
    if labels.ndim not in (1, 2) or len(labels) != images:
        raise ValueError(f"Labels must be ({images},) or ({images}, C), got the shape {tuple(labels.shape)}.")
    if positives == "jaccard" and labels.ndim == 1:
        raise ValueError("`positives` is 'jaccard', which compares label vectors (B, C), but the labels are (B,).")
    vectors = labels.reshape(images, -1)
    known = (vectors >= 0).all(dim=1)  # False for NaN too
    if positives == "equal":
        overlap = (vectors[:, None] == vectors[None]).all(dim=2).to(like.dtype)
    else:
        y = torch.where(known[:, None], vectors, 0).to(like.dtype)
        shared, either = torch.minimum(y[:, None], y[None]).sum(2), torch.maximum(y[:, None], y[None]).sum(2)
        overlap = torch.where(either > 0, shared / either.clamp(min=1), 1.0)
    return torch.where(known[:, None] & known[None], overlap, 0.0).maximum(same)


def _check_settings(temperature: float, positives: str) -> None:
    if not 0 < temperature < float("inf"):
        raise ValueError(f"`temperature` must be positive and finite, got {temperature!r}.")
    if positives not in get_args(Positives):
        raise ValueError(f"`positives` must be one of {get_args(Positives)}, got {positives!r}.")


class SupervisedContrastiveLoss(nn.Module):
    """:func:`supervised_contrastive_loss` over the images of all processes.

    Args:
        temperature: tau, above 0.
        positives: ``"equal"`` or ``"jaccard"``.

    Raises:
        ValueError: for a temperature that is not positive or an unknown ``positives``.
    """

    def __init__(self, temperature: float = 0.1, positives: Positives = "equal") -> None:
        super().__init__()
        _check_settings(temperature, positives)
        self.temperature, self.positives = temperature, positives

    def forward(self, projections: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return the scalar loss of the projections ``(V, B, D)`` and labels of this process."""
        gathered = gather_images(projections.movedim(1, 0)).movedim(0, 1)
        everyones = None if labels is None else gather_images(labels)
        return supervised_contrastive_loss(gathered, everyones, self.temperature, self.positives)
