import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import lsq_linear
from scipy.stats import norm

from monai_ssl.losses import consensus_weights

CASES = [(1.0, 1.0, 2.0), (0.7, 1.3, 0.4), (0.2, 0.2, 1.0)]


def minus_log_likelihood(values, deviations):
    """Integrate the consensus out of a product of Gaussians numerically."""
    spread = 40 * max(deviations)
    density, _ = quad(
        lambda fc: np.prod([norm.pdf(v, fc, s) for v, s in zip(values, deviations, strict=True)]),
        -spread,
        spread,
        points=list(values),
        epsabs=0,
        epsrel=1e-11,
        limit=400,
    )
    return -np.log(density)


@pytest.mark.parametrize(("s1", "s2", "s_y"), CASES)
def test_weights_are_those_of_the_integrated_graphical_model(s1, s2, s_y):
    rng = np.random.default_rng(0)
    points = rng.uniform(0, 1, size=(12, 3))
    energies = [minus_log_likelihood(point, (s1, s2, s_y)) for point in points]
    f1, f2, y = points.T
    squares = np.stack([(f1 - y) ** 2, (f2 - y) ** 2, (f1 - f2) ** 2, np.ones(12)], axis=1)
    labeled = lsq_linear(squares, energies, tol=1e-14).x[:3]
    pairs = [minus_log_likelihood((a, b), (s1, s2)) for a, b in points[:, :2]]
    unlabeled = np.polyfit((f1 - f2) ** 2, pairs, 1)[0]
    weights = consensus_weights(s1, s2, s_y, normalize=False)
    assert list(weights.values()) == pytest.approx([*labeled, unlabeled], rel=1e-6)


def test_by_hand():
    # a1 = a2 = 1, ay = 1/4, S = 9/4: 1/18, 1/18, 2/9, 1/4; over the first: 1, 1, 4, 9/2.
    names = ["supervised_1", "supervised_2", "consistency_labeled", "consistency_unlabeled"]
    weights = consensus_weights(1.0, 1.0, 2.0)
    assert list(weights) == names
    assert list(weights.values()) == pytest.approx([1.0, 1.0, 4.0, 4.5])
    raw = consensus_weights(1.0, 1.0, 2.0, normalize=False)
    assert list(raw.values()) == pytest.approx([1 / 18, 1 / 18, 2 / 9, 1 / 4])


def test_the_ratio_of_the_pools_scales_only_the_unlabeled_term():
    one, three = consensus_weights(s_y=0.5), consensus_weights(s_y=0.5, unlabeled_per_labeled=3.0)
    assert three["consistency_unlabeled"] == pytest.approx(3 * one["consistency_unlabeled"])
    assert {k: v for k, v in three.items() if k != "consistency_unlabeled"} == {
        k: v for k, v in one.items() if k != "consistency_unlabeled"
    }


def test_trusted_labels_dominate():
    weights = consensus_weights(s_y=1e-4)
    assert weights["consistency_labeled"] < 1e-7
    # The unlabeled term does not know the labels: its limit is a1 a2 / (2 (a1 + a2)) over a1 / 2.
    assert weights["consistency_unlabeled"] == pytest.approx(0.5, rel=1e-6)
    doubted = consensus_weights(s_y=1e3)
    assert min(doubted["consistency_labeled"], doubted["consistency_unlabeled"]) > 1e5


def test_swapping_the_networks_swaps_the_weights():
    one, other = consensus_weights(0.5, 2.0, 1.0, normalize=False), consensus_weights(2.0, 0.5, 1.0, normalize=False)
    assert one["supervised_1"] == other["supervised_2"]
    assert one["consistency_labeled"] == other["consistency_labeled"]
    assert one["consistency_unlabeled"] == other["consistency_unlabeled"]


@pytest.mark.parametrize("name", ["s1", "s2", "s_y", "unlabeled_per_labeled"])
@pytest.mark.parametrize("value", [0.0, -1.0, float("inf"), float("nan")])
def test_impossible_values_are_named(name, value):
    with pytest.raises(ValueError, match=f"`{name}` must be positive"):
        consensus_weights(**{name: value})
