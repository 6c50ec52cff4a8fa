from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy import ndimage

from data_prep.demo.brain_tumor.brain import Brain, make_brain
from data_prep.demo.brain_tumor.distractors import Findings, add_findings
from data_prep.demo.brain_tumor.foci import PATTERNS, Focus, displace, draw_foci
from data_prep.demo.brain_tumor.frame import Frame, make_frame
from data_prep.demo.brain_tumor.scanner import scan
from data_prep.demo.brain_tumor.subject import Subject, make_subject
from data_prep.demo.brain_tumor.tumor import CORE, EDEMA, RIM, Tumor, grow_tumor

SIZE = 48
KINDS = len(PATTERNS)


class Calm(Frame):
    """A frame whose random fields are zero."""

    def noise(self, rng: np.random.Generator, scale: float) -> np.ndarray:
        return np.zeros(self.shape, np.float32)


def calm(count: int = 61, spacing: float = 1.0) -> Calm:
    ticks = ((np.arange(count) - count // 2) * spacing).astype(np.float32)
    return Calm(*np.meshgrid(ticks, ticks, ticks, indexing="ij"), spacing=spacing)


def white(frame: Frame) -> Brain:
    """White matter everywhere, far from any surface."""
    none, deep = np.zeros(frame.shape, np.float32), np.full(frame.shape, 99, np.float32)
    return Brain(
        inside=none == 0, depth=deep, cerebrum=deep, ventricles=-deep, fluid=deep, csf=none.copy(), grey=none.copy()
    )


def focus(**changes: object) -> Focus:
    """A sphere in the middle."""
    ball = Focus(
        voxel=(30, 30, 30),
        center=(0.0, 0.0, 0.0),
        axes=np.eye(3, dtype=np.float32),
        radius=14.0,
        rim=5.0,
        edema=8.0,
        patchiness=-1.0,
        push=0.4,
    )
    return replace(ball, **changes)  # type: ignore[arg-type]


def ball(radius: float) -> float:
    return 4 / 3 * np.pi * radius**3


@cache
def subject(number: int) -> Subject:
    return make_subject(3, number, SIZE)


def healthy(number: int) -> tuple[Frame, Brain, dict[str, np.ndarray]]:
    """A brain without any findings, and its scans."""
    rng = np.random.default_rng(number)
    frame = make_frame(rng, 72)
    brain = make_brain(rng, frame)
    none = np.zeros(frame.shape, np.float32)
    images = scan(rng, frame, brain, Findings(none, none, none), Tumor(none, none, none, none.astype(np.int16)))
    return frame, brain, images


def test_tissues_have_the_contrasts_of_each_modality() -> None:
    _, brain, images = healthy(1)
    pure = brain.inside & (ndimage.uniform_filter(brain.csf + 2 * brain.grey, 3) < 0.02)
    grey = brain.inside & (brain.grey > 0.97)
    csf = brain.inside & (brain.ventricles > 1.5)
    assert min(pure.sum(), grey.sum(), csf.sum()) > 100
    level = {name: [np.median(image[where]) for where in (pure, grey, csf)] for name, image in images.items()}
    for name in ("t1", "t1ce"):
        assert level[name][0] > 1.15 * level[name][1] > 1.5 * level[name][2]
    assert level["t2"][2] > 1.5 * level["t2"][1] > 1.7 * level["t2"][0]
    assert level["flair"][1] > 1.1 * level["flair"][0] > 2 * level["flair"][2]


def test_brain_is_of_a_natural_size() -> None:
    for number in range(4):
        rng = np.random.default_rng(number)
        frame = make_frame(rng, SIZE)
        brain = make_brain(rng, frame)
        assert 1000 < brain.inside.sum() * frame.spacing**3 / 1000 < 1500  # ml
        assert ndimage.label(brain.inside)[1] == 1
        assert not any(
            face.any() for face in (brain.inside[0], brain.inside[-1], brain.inside[:, 0], brain.inside[:, -1])
        )
        for share in (brain.csf, brain.grey, 1 - brain.csf - brain.grey):
            assert share[brain.inside].min() >= -1e-6
            assert 0.08 < share[brain.inside].mean() < 0.6


def test_ellipsoid_and_share() -> None:
    frame = calm(41)
    depth = frame.ellipsoid((1, 2, 3), (8, 8, 8))
    np.testing.assert_allclose(
        depth, 8 - np.sqrt((frame.x - 1) ** 2 + (frame.y - 2) ** 2 + (frame.z - 3) ** 2), atol=1e-4
    )
    assert frame.share(depth).sum() == pytest.approx(ball(8), rel=0.01)
    pair = frame.ellipsoid((10, 0, 0), (4, 6, 5), mirrored=True)
    np.testing.assert_array_equal(pair, pair[::-1])
    assert frame.share(pair).sum() == pytest.approx(2 * 4 / 3 * np.pi * 4 * 6 * 5, rel=0.02)
    np.testing.assert_allclose(
        replace(frame, spacing=4.0).share(np.array([-3.0, -1, 0, 1, 3])), [0, 0.25, 0.5, 0.75, 1]
    )


def test_calm_tumor_is_a_ball_in_two_shells() -> None:
    """Without noise: the surface at R, the core R - rim, the edema 3/4 of its reach further out."""
    frame = calm()
    tumor = grow_tumor(np.random.default_rng(0), frame, white(frame), [focus()])
    away = np.sqrt(frame.x.astype(float) ** 2 + frame.y**2 + frame.z**2)
    expected = np.select([away < 9, away < 14, away < 20], [CORE, RIM, EDEMA], 0)
    np.testing.assert_array_equal(tumor.mask, expected)
    assert tumor.core.sum() == pytest.approx(ball(9), rel=0.02)
    assert (tumor.core + tumor.rim).sum() == pytest.approx(ball(14), rel=0.02)
    for value in (CORE, RIM):  # each shell separates what is within from what is without
        within = (tumor.mask == CORE) | (tumor.mask == value)
        around = ndimage.binary_dilation(within) & ~within
        assert set(np.unique(tumor.mask[around])) == {RIM if value == CORE else EDEMA}


def test_ellipsoid_keeps_the_volume_of_the_ball() -> None:
    frame, rng = calm(), np.random.default_rng(4)
    (drawn,) = draw_foci(rng, frame, white(frame), PATTERNS[0])
    np.testing.assert_allclose(abs(np.linalg.det(drawn.axes)), 1, rtol=1e-5)
    tumor = grow_tumor(rng, frame, white(frame), [focus(axes=drawn.axes, radius=12.0)])
    assert ((tumor.mask == CORE) | (tumor.mask == RIM)).sum() == pytest.approx(ball(12), rel=0.03)


def test_tumor_without_enhancement_is_core_and_edema() -> None:
    frame = calm()
    tumor = grow_tumor(np.random.default_rng(0), frame, white(frame), [focus(patchiness=np.inf)])
    assert set(np.unique(tumor.mask)) == {0, CORE, EDEMA}
    assert (tumor.mask == CORE).sum() == pytest.approx(ball(14), rel=0.02)
    assert not tumor.rim.any()


def test_tumor_does_not_cross_fluid() -> None:
    frame = calm()
    brain = white(frame)
    brain.csf[35:37] = 1
    brain.grey[:, 45:] = 1
    tumor = grow_tumor(np.random.default_rng(0), frame, brain, [focus()])
    assert (tumor.mask[34] > 0).any()
    assert not tumor.mask[35:].any()
    # In grey matter edema reaches out a quarter as far: 1.5 mm beyond 14.
    middle = tumor.mask[30, :, 30] > 0
    np.testing.assert_array_equal(np.flatnonzero(middle), np.arange(11, 46))


def test_displacement_against_the_formula() -> None:
    """A linear field is interpolated exactly, so that it gives the place that each voxel comes from."""
    frame = calm(31, 2.0)
    depth = np.clip(np.abs(frame.x - 30), 0, 40).astype(np.float32)
    brain = replace(white(frame), depth=depth, csf=frame.x.copy(), grey=frame.z.copy())
    pushing = focus(voxel=(15, 15, 15), push=0.5)
    still = Findings(*(np.full(frame.shape, value, np.float32) for value in (1, 2, 3)))
    moved, found = displace(frame, brain, still, [pushing])
    reach = 1.2 * pushing.radius + 0.8 * pushing.edema
    for voxel in [(15, 15, 15), (19, 13, 16), (10, 22, 15), (22, 15, 8), (28, 15, 15)]:
        x, y, z = (2.0 * (index - 15) for index in voxel)
        shrink = 1 - 0.5 * min(depth[voxel] / 15, 1) * np.exp(-(x * x + y * y + z * z) / reach**2)
        assert moved.csf[voxel] == pytest.approx(x * shrink, abs=0.1)  # shifts below 0.05 voxels are left out
        assert moved.grey[voxel] == pytest.approx(z * shrink, abs=0.1)
    for values, value in zip((found.vessels, found.plexus, found.lesions), (1, 2, 3), strict=True):
        np.testing.assert_array_equal(values, value)


def test_foci_lie_in_white_matter_and_two_not_far_apart() -> None:
    rng = np.random.default_rng(0)
    frame = make_frame(rng, SIZE)
    brain = make_brain(rng, frame)
    places = []
    for _ in range(40):
        first, second = draw_foci(rng, frame, brain, PATTERNS[2])
        assert all((brain.csf + brain.grey)[one.voxel] < 0.2 for one in (first, second))
        assert 25 < first.distance(frame)[second.voxel] < 55
        assert first.center[0] == frame.x[first.voxel]
        places.append(first.center)
    assert np.ptp(places, axis=0).min() > 40  # mm: left and right, front and back, low and high


def test_kinds_of_tumors_take_turns() -> None:
    present = {number: set(np.unique(subject(number).mask).tolist()) for number in range(2 * KINDS)}
    for number, values in present.items():
        if number % KINDS == 3:  # nearly all of it enhances
            values.add(CORE)
        assert values == ({0, CORE, EDEMA} if number % KINDS == 1 else {0, CORE, EDEMA, RIM})
    two = [ndimage.label(np.isin(subject(number).mask, (CORE, RIM)), np.ones((3, 3, 3)))[1] for number in (2, 8)]
    assert max(two) >= 2


def test_tumors_are_nested() -> None:
    for number in (0, 4, 6, 10):  # with a rim all around, or nearly
        mask = subject(number).mask
        around_core = ndimage.binary_dilation(mask == CORE) & (mask != CORE) & (mask > 0)
        assert (mask[around_core] == RIM).mean() > 0.6
        tumor = (mask == CORE) | (mask == RIM)
        around = ndimage.binary_dilation(tumor) & ~tumor & (subject(number).images["t1"] > 0)
        assert (mask[around] == EDEMA).mean() > 0.6
        assert 0.5 < (mask > 0).sum() * subject(number).spacing ** 3 / 1e3 / 100 < 3  # 50 to 300 ml


def test_tumors_look_as_they_do_in_each_modality() -> None:
    for number in (0, 1, 2, 4, 6, 7):
        one = subject(number)
        brain = one.images["t1"] > 0
        typical = {name: np.median(image[brain & (one.mask == 0)]) for name, image in one.images.items()}
        part = {
            (name, value): np.median(image[one.mask == value]) / typical[name]
            for name, image in one.images.items()
            for value in (CORE, RIM, EDEMA)
            if (one.mask == value).any()
        }
        assert part["flair", EDEMA] > 1.25
        assert part["t2", EDEMA] > 1.1
        bright = np.percentile(one.images["t1"][brain & (one.mask == 0)], 80)  # white matter
        assert part["t1", EDEMA] < 0.9 * bright / typical["t1"]
        assert part["t1ce", CORE] < 0.85
        if number % KINDS != 1:
            assert part["t1ce", RIM] > part["t1", RIM] + 0.15


def test_scanners_scale_as_they_like() -> None:
    medians = [[np.median(image[image > 0]) for image in subject(number).images.values()] for number in range(8)]
    assert (np.max(medians, axis=0) > 1.7 * np.min(medians, axis=0)).all()
    assert all(image.dtype == np.int16 for image in subject(0).images.values())


def best_dice(image: np.ndarray, region: np.ndarray) -> float:
    """Of all thresholds, with the truth known."""
    brain = image > 0
    order = np.argsort(-image[brain], kind="stable")
    hits = np.cumsum(region[brain][order])
    return float((2 * hits / (np.arange(1, len(hits) + 1) + region.sum())).max())


def test_no_threshold_solves_it() -> None:
    whole = [best_dice(subject(n).images["flair"], subject(n).mask > 0) for n in range(2 * KINDS)]
    rim = [best_dice(subject(n).images["t1ce"], subject(n).mask == RIM) for n in range(2 * KINDS) if n % KINDS != 1]
    assert np.mean(whole) < 0.85
    assert np.mean(rim) < 0.65


def test_distractors_are_outside_of_tumors_and_bright() -> None:
    rng = np.random.default_rng(5)
    frame = make_frame(rng, 72)
    brain = make_brain(rng, frame)
    findings = add_findings(rng, frame, brain)
    for share in (findings.vessels, findings.plexus, findings.lesions):
        assert share.min() >= 0
        assert share.max() <= 1
        assert (share[brain.inside] > 0.5).sum() > 10
    assert (brain.ventricles[findings.plexus > 0.4] > -frame.spacing).all()
    assert (brain.csf + brain.grey)[findings.lesions > 0.5].max() <= 0.5
    none = np.zeros(frame.shape, np.float32)
    images = scan(rng, frame, brain, findings, Tumor(none, none, none, none.astype(np.int16)))
    normal = {name: np.median(image[brain.inside]) for name, image in images.items()}
    assert np.median(images["t1ce"][brain.inside & (findings.vessels > 0.9)]) > 1.3 * normal["t1ce"]
    assert np.median(images["t1"][brain.inside & (findings.vessels > 0.9)]) < normal["t1"]
    assert np.median(images["flair"][findings.lesions > 0.8]) > 1.2 * normal["flair"]


def test_subjects_depend_on_seed_and_number_alone() -> None:
    again = make_subject(3, 2, SIZE)
    for name, image in subject(2).images.items():
        np.testing.assert_array_equal(again.images[name], image)
    assert (make_subject(4, 2, SIZE).mask != again.mask).any()
    assert (subject(3).mask != again.mask).any()
