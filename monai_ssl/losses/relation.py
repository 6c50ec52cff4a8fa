"""Sample relation consistency: how the images of a batch relate to each other must not depend on the network."""

import torch
from torch import Tensor, nn

from monai_ssl.distributed import gather_images
from monai_ssl.losses.precision import at_least_float32

__all__ = ["RelationLoss", "relation_loss", "sample_relations"]


def sample_relations(features: Tensor, eps: float = 1e-4) -> Tensor:
    """Return the relations of the images of a batch: the Gram matrix with rows of length 1.

    ``G = A A^T``, ``R_i = G_i / ||G_i||_2``, in float32 at least: Gram matrices of half-precision activations overflow.
    An image that has next to no activation beside the others has no relations: its row is 0, since the gradient of a
    row of length 1 grows without bound.

    Args:
        features: A, ``(B, ...)``; all but the first axis are flattened.
        eps: rows whose norm is below ``eps ||A||_F^2`` are 0; above 0.

    Returns:
        R, ``(B, B)``.

    Raises:
        ValueError: when the features have a single axis.
    """
    if features.ndim < 2:
        raise ValueError(f"Features must be (B, ...) with two axes or more, got the shape {tuple(features.shape)}.")
    with torch.autocast(features.device.type, enabled=False):
        activations = at_least_float32(features.flatten(1))
        # R does not depend on the scale of A: at a length of 1 nothing vanishes or overflows, whatever the network.
        scale = activations.detach().norm().clamp(min=torch.finfo(activations.dtype).tiny)
        gram = (activations / scale) @ (activations / scale).T
        norm = gram.norm(dim=1, keepdim=True)
        known = norm > eps
        return torch.where(known, gram / torch.where(known, norm, 1.0), 0.0)


def relation_loss(student: Tensor, teacher: Tensor, eps: float = 1e-4) -> Tensor:
    """Squared difference of two networks' relations: ``L_SRC = ||R^S - R^T||_F^2 / B``.

    It is 0 when the activations are equal or a multiple of each other. Gradient flows to both arguments: detach the
    teacher's.

    Source: SRCL, equation 1, after Liu et al., Semi-supervised medical image classification with relation-driven
    self-ensembling model, IEEE TMI 39(11), 2020.

    Args:
        student: activations ``(B, ...)``.
        teacher: activations of the same images, ``(B, ...)``; the rest of the shape may differ.
        eps: see :func:`sample_relations`.

    Raises:
        ValueError: when the numbers of images differ.
    """
    if len(student) != len(teacher):
        raise ValueError(f"Activations of {len(student)} and {len(teacher)} images cannot be compared.")
    difference = sample_relations(student, eps) - sample_relations(teacher, eps)
    return difference.square().sum() / len(student)


class RelationLoss(nn.Module):
    """:func:`relation_loss` over the images of all processes.

    Args:
        eps: see :func:`sample_relations`.

    Raises:
        ValueError: when ``eps`` is not positive.
    """

    def __init__(self, eps: float = 1e-4) -> None:
        super().__init__()
        if not eps > 0:
            raise ValueError(f"`eps` must be positive, got {eps!r}.")
        self.eps = eps

    def forward(self, student: Tensor, teacher: Tensor) -> Tensor:
        """Return the scalar loss of the activations ``(B, ...)`` of this process."""
        return relation_loss(gather_images(student), gather_images(teacher), self.eps)
