"""The weights of NoTeacher's four loss terms, from its graphical model."""

__all__ = ["consensus_weights"]


def consensus_weights(
    s1: float = 1.0, s2: float = 1.0, s_y: float = 1.0, unlabeled_per_labeled: float = 1.0, normalize: bool = True
) -> dict[str, float]:
    r"""Derive the four weights of NoTeacher's loss from the standard deviations of its graphical model.

    The networks' posteriors ``f1``, ``f2`` and the label ``y`` differ from a latent consensus ``fc`` by Gaussians of
    standard deviation ``s1``, ``s2``, ``s_y``. With the precisions ``a1 = 1/s1^2``, ``a2 = 1/s2^2``, ``ay = 1/s_y^2``
    and ``S = a1 + a2 + ay``, integrating ``fc`` out gives for a labeled and an unlabeled image

    .. math::
        -\log p(y, f_1, f_2) &= \frac{a_1 a_y (f_1 - y)^2 + a_2 a_y (f_2 - y)^2 + a_1 a_2 (f_1 - f_2)^2}{2 S} + const \\
        -\log p(f_1, f_2) &= \frac{a_1 a_2 (f_1 - f_2)^2}{2 (a_1 + a_2)} + const

    The last term of the loss also bears the factor ``n_u / n_l``, because its mean is over the unlabeled images.

    Source: NoTeacher, equations 2 to 4. The paper gives the derivation in a supplement; this is our own.

    Args:
        s1: standard deviation of the first network's posterior around the consensus, > 0.
        s2: that of the second network.
        s_y: that of the label, > 0: the smaller, the more the labels are trusted.
        unlabeled_per_labeled: ``n_u / n_l``, the ratio of the two batch sizes.
        normalize: divide all by the first weight, so that the learning rate keeps its meaning.

    Returns:
        The weights of the terms of :class:`monai_ssl.methods.NoTeacher`, by name.

    Raises:
        ValueError: when an argument is not positive.
    """
    arguments = {"s1": s1, "s2": s2, "s_y": s_y, "unlabeled_per_labeled": unlabeled_per_labeled}
    for name, value in arguments.items():
        if not 0 < value < float("inf"):
            raise ValueError(f"`{name}` must be positive and finite, got {value!r}.")
    a1, a2, ay = s1**-2, s2**-2, s_y**-2
    total = a1 + a2 + ay
    weights = {
        "supervised_1": a1 * ay / (2 * total),
        "supervised_2": a2 * ay / (2 * total),
        "consistency_labeled": a1 * a2 / (2 * total),
        "consistency_unlabeled": unlabeled_per_labeled * a1 * a2 / (2 * (a1 + a2)),
    }
    scale = weights["supervised_1"] if normalize else 1.0
    return {name: weight / scale for name, weight in weights.items()}
