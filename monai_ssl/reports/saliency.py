"""Saliency maps: which pixels the output of a classifier hangs on."""

import torch
from torch import Tensor, nn

from monai_ssl.errors import InputError
from monai_ssl.networks import evaluating

__all__ = ["check_smooth", "input_saliency"]

# MONAI's `VanillaGrad` and `SmoothGrad` do not serve: they take one image at a time, clear the gradients of parameters
# and leave others there, and draw noise from the global random state; the average of `SmoothGrad` is too small by the
# root of the number of samples.


def input_saliency(
    network: nn.Module, images: Tensor, classes: Tensor, smooth: int = 0, noise: float = 0.15, seed: int = 0
) -> Tensor:
    r"""Compute the gradient of each image's class logit with respect to the image (Simonyan et al. 2014).

    .. math:: M = \max_{channel} \left| \frac{1}{n} \sum_{k=1}^{n} \nabla_x f_c(x + \sigma \epsilon_k) \right|,
        \quad \epsilon_k \sim N(0, 1)

    with :math:`n` = ``smooth`` (SmoothGrad, Smilkov et al. 2017); without it the gradient at :math:`x` alone. Signs
    cancel in the average, as in the equation of the source, and the absolute value comes last.

    The network works in evaluation mode and has its modes back afterwards; neither the gradients of its parameters nor
    any global random state change. Noise is drawn on the CPU, so that it is the same on every device.

    Args:
        network: maps images (B, C, *spatial) to logits (B, classes).
        images: (B, C, *spatial).
        classes: (B,), the index of the class whose logit is looked at, for each image.
        smooth: number of noisy copies of an image; 0 for the plain gradient.
        noise: the noise's standard deviation as a fraction of each image's range (its largest less its smallest value).
        seed: of the noise.

    Returns:
        saliency of shape (B, *spatial), not negative, in logits per unit of intensity.

    Raises:
        InputError: for ``smooth`` or ``noise`` that cannot be used.
        ValueError: for classes that do not fit the images or the network, and for dense logits.
    """
    check_smooth(smooth)
    if not noise > 0:
        raise InputError(f"noise is {noise!r}. Give a positive fraction of an image's range, such as 0.15.")
    if classes.shape != images.shape[:1]:
        raise ValueError(f"`classes` must have one index for each of {len(images)} images, got {tuple(classes.shape)}.")
    classes = classes.to(images.device, torch.int64)
    with evaluating(network), torch.enable_grad():
        if smooth == 0:
            return _gradient(network, images, classes).abs().amax(dim=1)
        axes = tuple(range(1, images.ndim))
        deviation = noise * (images.amax(axes, keepdim=True) - images.amin(axes, keepdim=True))
        generator = torch.Generator().manual_seed(seed)
        total = torch.zeros_like(images)
        for _ in range(smooth):
            sample = torch.randn(images.shape, generator=generator, dtype=images.dtype).to(images.device)
            total += _gradient(network, images + deviation * sample, classes)
        return (total / smooth).abs().amax(dim=1)


def check_smooth(smooth: int) -> None:
    """Check a number of noisy copies before anything is computed.

    Raises:
        InputError: for anything but a whole number from 0.
    """
    if not isinstance(smooth, int) or smooth < 0:
        raise InputError(f"smooth is {smooth!r}. Give the number of noisy copies, or 0 for the plain gradient.")


def _gradient(network: nn.Module, images: Tensor, classes: Tensor) -> Tensor:
    """The gradient (B, C, *spatial) of the logit of each image's class; images do not see each other."""
    images = images.detach().requires_grad_()
    logits = network(images)
    if logits.ndim != 2:
        raise ValueError(f"`network` must give logits (B, classes), got {tuple(logits.shape)}.")
    if not (classes.min() >= 0 and classes.max() < logits.shape[1]):
        raise ValueError(f"`classes` must be from 0 to {logits.shape[1] - 1}, got {classes.tolist()}.")
    return torch.autograd.grad(logits.gather(1, classes[:, None]).sum(), images)[0]
