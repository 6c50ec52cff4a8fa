"""What a discriminator of n classes and "this mask is predicted" learns, and what it teaches a generator."""

from torch import Tensor
from torch.nn import functional as F

from monai_ssl.losses.precision import at_least_float32

__all__ = ["predicted_mask_loss", "real_mask_loss"]


def real_mask_loss(logits: Tensor) -> Tensor:
    """``-log(1 - p_{n+1})``, averaged over the images: how far the masks are from passing for real ones.

    The last class is "the mask is predicted". ``1 - p_{n+1}`` is the softmax's sum over the n others, so that it is
    worked out from logits without a difference that could be 0. No images give 0, still joined to the graph.

    The discriminator minimizes it on true masks (equation 11), the generator on its own (7, 8).

    Source: Partly Supervised Multitask Learning, equations 7, 8 and 11.

    Args:
        logits: ``(B, n + 1)``.

    Raises:
        ValueError: for logits of another form, or fewer than two of them.
    """
    _check(logits)
    logits = at_least_float32(logits)
    terms = logits.logsumexp(dim=1) - logits[:, :-1].logsumexp(dim=1)
    return terms.sum() / max(len(logits), 1)


def predicted_mask_loss(logits: Tensor) -> Tensor:
    """``-log p_{n+1}``, averaged over the images: how far the masks are from being seen through.

    Source: Partly Supervised Multitask Learning, equations 12 and 13.

    Args:
        logits: ``(B, n + 1)``.

    Raises:
        ValueError: for logits of another form, or fewer than two of them.
    """
    _check(logits)
    return -F.log_softmax(at_least_float32(logits), dim=1)[:, -1].sum() / max(len(logits), 1)


def _check(logits: Tensor) -> None:
    if logits.ndim != 2 or logits.shape[1] < 2:
        raise ValueError(f"Logits of n classes and one more, (B, n + 1), are expected, got {tuple(logits.shape)}.")
