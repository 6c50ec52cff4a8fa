from functools import cache

import numpy as np
import pytest
from scipy import ndimage
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import StandardScaler

from data_prep.datasets.chest_layout import DIAGNOSES
from data_prep.demo.chest import radiograph
from data_prep.demo.chest.detector import expose, view
from data_prep.demo.chest.findings import FINDINGS
from data_prep.demo.chest.frame import FIELD_OF_VIEW, make_frame, taken_twice
from data_prep.demo.chest.radiograph import Radiograph, make_radiograph
from data_prep.demo.chest.thorax import Thorax, make_thorax
from data_prep.demo.drawing.canvas import Canvas

SIZE = 64
NORMAL, TUBERCULOSIS, NODULE = range(3)


@cache
def taken(number: int, diagnosis: int = NORMAL) -> Radiograph:
    return make_radiograph(np.random.default_rng([9, number, diagnosis]), diagnosis, SIZE)


@cache
def chest(number: int) -> tuple[Canvas, Thorax]:
    rng, frame = np.random.default_rng(number), make_frame(SIZE)
    return frame, make_thorax(rng, frame)


def test_frame_is_in_mm_around_the_middle() -> None:
    frame = make_frame(50)
    np.testing.assert_allclose(np.diff(frame.x[0]), FIELD_OF_VIEW / 100, rtol=1e-4)
    assert frame.x.mean() == pytest.approx(0, abs=1e-3)
    assert frame.x.max() > FIELD_OF_VIEW / 2
    np.testing.assert_array_equal(frame.y, frame.x.T)


def test_mean_of_two_by_two() -> None:
    np.testing.assert_array_equal(
        taken_twice(np.array([[1.0, 3, 0, 0], [5, 7, 0, 4], [1] * 4, [3] * 4])), [[4, 1], [2, 2]]
    )


def test_masks_are_two_lungs_of_a_natural_size() -> None:
    for number in range(12):
        mask = taken(number).mask > 0
        labels, count = ndimage.label(mask)
        assert count == 2
        areas = ndimage.sum_labels(mask, labels, (1, 2)) * (FIELD_OF_VIEW / SIZE / 10) ** 2
        assert (areas > 90).all()  # cm^2
        assert (areas < 340).all()
        (top, x1), (low, x2) = (centers for centers in ndimage.center_of_mass(mask, labels, (1, 2)))
        assert abs(top - low) < 8
        assert abs(x1 - x2) * FIELD_OF_VIEW / SIZE > 110  # mm


def test_lungs_lie_beside_the_organs() -> None:
    for number in range(6):
        frame, thorax = chest(number)
        lungs = thorax.lungs > 0
        assert (thorax.wall[lungs] > 0).all()
        for organ in (thorax.mediastinum, thorax.heart, thorax.abdomen):
            assert (organ[lungs] < 0).all()
        heart = (thorax.heart > 0) & (thorax.abdomen < 0)
        assert frame.x[heart].mean() > 8  # to the patient's left, the right of the picture
        right, left = (lungs & (sign * frame.x > 0) for sign in (-1, 1))
        assert right.sum() > left.sum()
        domes = np.where(thorax.abdomen > 0, frame.y, np.inf).min(axis=0)  # the level of each column
        under = np.abs(np.abs(frame.x[0]) - 66) < 25
        assert domes[under & (frame.x[0] < 0)].mean() < domes[under & (frame.x[0] > 0)].mean() + 3  # mm


def test_lungs_are_dark_and_bones_and_heart_bright() -> None:
    for number in range(8):
        one = taken(number)
        lungs = ndimage.binary_erosion(one.mask > 0, iterations=2)
        between = np.zeros_like(lungs)
        for row in range(SIZE // 2, SIZE):
            columns = np.flatnonzero(one.mask[row])
            if len(columns):
                between[row, columns[0] : columns[-1]] = True
        between = ndimage.binary_erosion(between & (one.mask == 0), iterations=2)
        assert np.median(one.image[between]) > np.median(one.image[lungs]) + 40


def finding(number: int, diagnosis: int) -> tuple[np.ndarray, Canvas, Thorax]:
    frame, thorax = chest(number)
    return FINDINGS[DIAGNOSES[diagnosis]](np.random.default_rng(number), frame, thorax), frame, thorax


def test_nodules_are_small_and_round_and_in_the_lungs() -> None:
    for number in range(20):
        drawn, frame, thorax = finding(number, NODULE)
        spot = drawn > 0
        assert ndimage.label(spot)[1] == 1
        diameter = 2 * np.sqrt(spot.sum() / np.pi) * frame.pixel
        assert 9 < diameter < 30  # mm
        peak = np.unravel_index(drawn.argmax(), drawn.shape)
        assert thorax.lungs[peak] > 0
        reach = np.hypot(frame.x - frame.x[peak], frame.y - frame.y[peak])[spot].max()
        assert reach < 0.75 * diameter


def test_tuberculosis_is_patchy_and_mostly_in_the_upper_zones() -> None:
    upper = []
    for number in range(20):
        drawn, frame, thorax = finding(number, TUBERCULOSIS)
        within = np.where(thorax.lungs > 0, drawn, 0)
        assert within.max() > 0.03
        upper.append(within[frame.y < -10].sum() / within.sum())
    assert np.median(upper) > 0.75


def test_findings_do_not_change_the_mask(monkeypatch: pytest.MonkeyPatch) -> None:
    for diagnosis in (TUBERCULOSIS, NODULE):
        draw = FINDINGS[DIAGNOSES[diagnosis]]
        for number in range(4):
            ill = taken(number, diagnosis)
            with monkeypatch.context() as patch:
                patch.setitem(radiograph.FINDINGS, DIAGNOSES[diagnosis], lambda *a, draw=draw: 0 * draw(*a))
                cleared = make_radiograph(np.random.default_rng([9, number, diagnosis]), diagnosis, SIZE)
            np.testing.assert_array_equal(ill.mask, cleared.mask)
            change = np.abs(ill.image.astype(int) - cleared.image)
            assert change.max() > 8
            if diagnosis == NODULE:
                assert change[~ndimage.binary_dilation(ill.mask > 0, iterations=4)].max() == 0


def test_brightness_does_not_tell_the_diagnosis() -> None:
    features, labels = [], []
    for diagnosis in range(3):
        for number in range(40):
            one = taken(number, diagnosis)
            lungs = one.image[one.mask > 0]
            features.append(
                [one.image.mean(), one.image.std(), lungs.mean(), lungs.std(), *np.percentile(lungs, [5, 95])]
            )
            labels.append(diagnosis)
    features, labels = StandardScaler().fit_transform(features), np.array(labels)
    odd = np.arange(len(labels)) % 2 == 1
    model = LogisticRegression(max_iter=1000).fit(features[odd], labels[odd])
    found = roc_auc_score(labels[~odd], model.predict_proba(features[~odd]), multi_class="ovr")
    assert found < 0.75


def test_view_keeps_an_even_plane_and_moves_a_point_little() -> None:
    frame = make_frame(SIZE)
    even = np.full_like(frame.x, 0.4)
    disk = (np.hypot(frame.x, frame.y) < 20).astype(np.float32)
    for seed in range(8):
        still, moved = view(np.random.default_rng(seed), frame, (even, disk), SIZE)
        assert still.shape == (2 * SIZE, 2 * SIZE)
        np.testing.assert_allclose(still, 0.4, rtol=1e-6)
        center = np.array(ndimage.center_of_mass(moved)) - (2 * SIZE - 1) / 2
        assert np.hypot(*center) * FIELD_OF_VIEW / (2 * SIZE) < 30  # mm
        assert moved.sum() * frame.pixel**2 == pytest.approx(np.pi * 20**2, rel=0.5)


def test_more_attenuation_is_brighter() -> None:
    ramp = np.repeat(np.linspace(0, 1.2, 2 * SIZE, dtype=np.float32)[:, None], 2 * SIZE, axis=1)
    for seed in range(8):
        image = expose(np.random.default_rng(seed), ramp).astype(float)[8:-8, 12:-12]
        levels = np.median(image, axis=1)
        assert np.corrcoef(levels, np.arange(len(levels)))[0, 1] > 0.9
        assert levels[-1] > levels[0] + 100


def test_radiographs_depend_on_the_seed_alone() -> None:
    again = make_radiograph(np.random.default_rng([9, 3, NODULE]), NODULE, SIZE)
    np.testing.assert_array_equal(again.image, taken(3, NODULE).image)
    np.testing.assert_array_equal(again.mask, taken(3, NODULE).mask)
    assert (taken(4, NODULE).image != again.image).any()
