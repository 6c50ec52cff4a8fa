"""What must hold of every budget, whatever the labels and patients are."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monai_ssl.data import sample_budget
from monai_ssl.data.budget import SAMPLINGS, UNITS

CLASSES = 3
# Tests of many small examples on a busy machine must not fail for the time of one.
relaxed = settings(deadline=None, max_examples=60)


@st.composite
def pools(draw):
    """Multi-label or multi-class labels with missing ones, and patients of one or several images."""
    size = draw(st.integers(2, 40))
    if draw(st.booleans()):
        labels = draw(
            st.lists(st.lists(st.integers(-1, 1), min_size=CLASSES, max_size=CLASSES), min_size=size, max_size=size)
        )
        known = [any(value >= 0 for value in label) for label in labels]
    else:
        labels = draw(st.lists(st.integers(-1, CLASSES - 1), min_size=size, max_size=size))
        known = [label >= 0 for label in labels]
    if not any(known):
        labels[0] = [1] * CLASSES if isinstance(labels[0], list) else 0
    patients = [f"p{number}" for number in draw(st.lists(st.integers(0, 12), min_size=size, max_size=size))]
    return labels, patients


def shown(labels, indices):
    """The classes that have a positive among some images."""
    found = set()
    for index in indices:
        label = labels[index]
        found |= {c for c, value in enumerate(label) if value == 1} if isinstance(label, list) else {label} - {-1}
    return found


@relaxed
@given(pools(), st.sampled_from(UNITS), st.sampled_from(SAMPLINGS), st.integers(0, 5), st.data())
def test_budgets_are_nested_and_show_every_class(pool, unit, sampling, seed, data):
    labels, patients = pool
    fractions = sorted(data.draw(st.lists(st.floats(0.01, 1.0), min_size=2, max_size=4)))
    drawn = [sample_budget(labels, patients, f, seed, unit, sampling=sampling) for f in fractions]
    everything = shown(labels, range(len(labels)))
    for smaller, larger in itertools.pairwise(drawn):
        assert set(smaller) <= set(larger)
    for chosen in drawn:
        assert chosen == sorted(set(chosen))
        assert shown(labels, chosen) == everything
        assert all(np.max(labels[index]) >= 0 for index in chosen)
    assert drawn[0] == sample_budget(labels, patients, fractions[0], seed, unit, sampling=sampling)


@relaxed
@given(pools(), st.sampled_from(SAMPLINGS), st.integers(0, 5), st.floats(0.01, 1.0))
def test_patients_are_drawn_whole(pool, sampling, seed, fraction):
    labels, patients = pool
    chosen = sample_budget(labels, patients, fraction, seed, "patient", sampling=sampling)
    owners = {patients[index] for index in chosen}
    known = [index for index, label in enumerate(labels) if np.max(label) >= 0]
    assert chosen == [index for index in known if patients[index] in owners]
    assert len(owners) >= max(1, round(fraction * len({patients[index] for index in known})))


@relaxed
@given(pools(), st.integers(0, 5), st.integers(1, 40))
def test_a_count_is_met_or_enlarged(pool, seed, count):
    labels, patients = pool
    known = sum(int(np.max(label) >= 0) for label in labels)
    count = min(count, known)
    chosen = sample_budget(labels, patients, count, seed)
    assert len(chosen) >= count
    if len(chosen) > count:  # the image that was drawn last is the only one of its class
        without = [sample_budget(labels, patients, n, seed) for n in range(1, known + 1)]
        assert all(len(other) == len(chosen) for other in without[:count])


@relaxed
@given(st.lists(st.integers(0, CLASSES - 1), min_size=CLASSES, max_size=60), st.integers(0, 5), st.integers(1, 60))
def test_balanced_classes_are_equal_as_long_as_they_last(labels, seed, count):
    """Counts differ by one at most, but for a class that has no more images."""
    count = min(count, len(labels))
    chosen = sample_budget(labels, [str(i) for i in range(len(labels))], count, seed, sampling="balanced")
    classes = sorted(set(labels))
    got = {c: sum(labels[index] == c for index in chosen) for c in classes}
    for c in classes:
        if got[c] < labels.count(c):
            assert all(got[other] <= got[c] + 1 for other in classes)


def test_balanced_counts():
    """90 images of class 0, 8 of class 1, 2 of class 2; a budget of 15 takes 2 of the last and shares the rest."""
    labels = [0] * 90 + [1] * 8 + [2] * 2
    chosen = sample_budget(labels, [str(i) for i in range(100)], 15, seed=3, sampling="balanced")
    counts = np.bincount(np.asarray(labels)[chosen])
    assert counts[2] == 2
    assert sorted(counts[:2].tolist()) == [6, 7]


def test_balanced_multilabel_counts_an_image_for_its_rarest_class():
    """Class 1 occurs with class 0 only: 10 images of both, 30 of class 0 alone, 20 of none; 12 are 4 of each kind."""
    labels = [[1, 1]] * 10 + [[1, 0]] * 30 + [[0, 0]] * 20
    chosen = sample_budget(labels, [str(i) for i in range(60)], 12, seed=1, sampling="balanced")
    kinds = [labels[index] for index in chosen]
    assert [kinds.count(kind) for kind in ([1, 1], [1, 0], [0, 0])] == [4, 4, 4]


def test_unknown_sampling():
    with pytest.raises(ValueError, match="sampling: 'fair' is not one of random, balanced"):
        sample_budget([0, 1], ["a", "b"], 1, sampling="fair")
