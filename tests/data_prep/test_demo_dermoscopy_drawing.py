from collections.abc import Iterator

import numpy as np
import pytest
from scipy import ndimage
from sklearn.neighbors import NearestCentroid

from data_prep.datasets.isic2018_tables import DIAGNOSES
from data_prep.demo.dermoscopy.camera import _view, take_photograph
from data_prep.demo.dermoscopy.lesion import make_lesion
from data_prep.demo.dermoscopy.pigments import Skin
from data_prep.demo.drawing.canvas import EXTENT, Canvas, make_canvas, soft
from data_prep.demo.drawing.lines import draw_lines, radial_streaks
from data_prep.demo.drawing.patterns import blobs, honeycomb, places

SIZE = 32


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(5)


@pytest.fixture(scope="module")
def canvas() -> Canvas:
    return make_canvas(128)


def photographs(first: int, count: int) -> Iterator[tuple[np.ndarray, int]]:
    for diagnosis in range(len(DIAGNOSES)):
        for index in range(first, first + count):
            rng = np.random.default_rng([index, diagnosis])
            yield take_photograph(rng, make_lesion(rng, diagnosis, 2 * SIZE), SIZE, 0.1), diagnosis


def test_mean_color_does_not_tell_the_diagnosis() -> None:
    (learned, known), (new, expected) = (
        zip(*((picture.mean(axis=(0, 1)), label) for picture, label in photographs(first, 20)), strict=True)
        for first in (0, 20)
    )
    accuracy = (NearestCentroid().fit(learned, known).predict(new) == expected).mean()
    assert accuracy < 0.4  # one in seven by chance


@pytest.mark.parametrize("diagnosis", range(len(DIAGNOSES)))
def test_lesion_differs_from_the_skin_around_it(diagnosis: int) -> None:
    lesions = np.stack([make_lesion(np.random.default_rng(seed), diagnosis, 64) for seed in range(12)])
    assert lesions.min() >= 0
    assert lesions.max() <= 1
    canvas = make_canvas(64)
    away = np.hypot(canvas.x, canvas.y)
    inner, outer = lesions[:, away < 0.25].std(axis=1).mean(), lesions[:, away > 1.3].std(axis=1).mean()
    assert inner > 1.2 * outer
    moved = np.abs(lesions[:, away < 0.25].mean(axis=1) - lesions[:, away > 1.3].mean(axis=1)).max(axis=1)
    assert np.median(moved) > 0.05


def test_vascular_lesions_are_the_reddest() -> None:
    """Blood takes green light and leaves the red, pigment takes both."""
    canvas = make_canvas(64)
    away = np.hypot(canvas.x, canvas.y)
    redness = {}
    for diagnosis, name in enumerate(DIAGNOSES):
        lesions = [make_lesion(np.random.default_rng(seed), diagnosis, 64) for seed in range(12)]
        taken = [np.log(lesion[away > 1.3].mean(axis=0) / lesion[away < 0.25].mean(axis=0)) for lesion in lesions]
        red, green, _ = np.median(taken, axis=0)
        redness[name] = green - red
    assert redness.pop("VASC") > 1.5 * max(redness.values())


def test_skin_beyond_the_canvas_is_no_border() -> None:
    frame = make_canvas(48)
    lesion = np.full((32, 32, 3), 0.5, np.float32)
    for seed in range(20):
        seen = _view(np.random.default_rng(seed), lesion, frame.x / EXTENT, frame.y / EXTENT)
        np.testing.assert_allclose(seen, 0.5, rtol=1e-6)


def test_color_follows_beer_and_lambert() -> None:
    def skin(**amounts: float) -> np.ndarray:
        planes = {name: np.zeros((1, 1), np.float32) for name in ("melanin", "blood", "keratin", "veil", "white")}
        planes.update({name: np.full((1, 1), amount, np.float32) for name, amount in amounts.items()})
        return Skin(**planes).color()[0, 0]

    np.testing.assert_allclose(skin(), [0.97, 0.90, 0.86], rtol=1e-6)
    np.testing.assert_allclose(skin(melanin=0.5, blood=0.5) * skin(), skin(melanin=0.5) * skin(blood=0.5), rtol=1e-5)
    np.testing.assert_allclose(skin(melanin=2) * skin(), skin(melanin=1) ** 2, rtol=1e-5)
    # Pigment is brown, blood is red; a full veil hides all pigment.
    for amounts in ({"melanin": 1.0}, {"blood": 1.0}):
        red, green, blue = skin(**amounts)
        assert red > max(green, blue)
    np.testing.assert_array_equal(skin(veil=1.0, melanin=2.0), skin(veil=3.0))
    half = skin(white=0.5)
    np.testing.assert_allclose(half, (skin() + skin(white=1.0)) / 2, rtol=1e-6)


def test_fading_ends_at_healthy_skin() -> None:
    healthy, ill = (Skin(*(np.full((2, 2), base + index, np.float32) for index in range(5))) for base in (0.0, 10.0))
    np.testing.assert_array_equal(ill.fade(healthy, 0).white, healthy.white)
    np.testing.assert_array_equal(ill.fade(healthy, 1).melanin, ill.melanin)
    np.testing.assert_allclose(ill.fade(healthy, 0.25).blood, 3.5)


def test_noise_is_white_noise_under_a_gaussian(canvas: Canvas) -> None:
    found = canvas.noise(np.random.default_rng(1), 4 * canvas.pixel)
    white = np.random.default_rng(1).standard_normal((128, 128), dtype=np.float32)
    expected = ndimage.gaussian_filter(white.astype(float), 4, mode="wrap", truncate=8)
    np.testing.assert_allclose(found, (expected - expected.mean()) / expected.std(), atol=1e-3)


def test_border_without_lobes_and_notches_is_a_circle(canvas: Canvas, rng: np.random.Generator) -> None:
    depth = canvas.border(rng, 0.5, ragged=0, lobes=0)
    np.testing.assert_allclose(depth, 0.5 - np.hypot(canvas.x, canvas.y), atol=1e-5)
    oval = canvas.border(rng, 0.5, stretch=1.6, ragged=0, lobes=0) > 0
    # An ellipse has the area of the circle of its mean radius, and both its axes reach the border.
    assert oval.sum() * canvas.pixel**2 == pytest.approx(np.pi * 0.25, rel=0.02)
    reach = np.hypot(canvas.x, canvas.y)
    assert reach[oval].max() == pytest.approx(0.5 * np.sqrt(1.6), rel=0.05)
    assert reach[~oval].min() == pytest.approx(0.5 / np.sqrt(1.6), rel=0.05)


def test_honeycomb_has_one_hole_a_mesh(rng: np.random.Generator) -> None:
    canvas, mesh = make_canvas(384), 0.2
    holes = honeycomb(rng, canvas, mesh, 0)
    assert holes.min() == pytest.approx(0, abs=0.01)
    assert holes.max() == pytest.approx(1, abs=0.01)
    count = ndimage.label(holes > 0.8)[1]
    assert count == pytest.approx((2 * EXTENT) ** 2 / (mesh**2 * np.sqrt(3) / 2), rel=0.08)


def test_soft_step() -> None:
    np.testing.assert_allclose(soft(np.array([-1.0, 0.0, np.log(3)]), 1.0), [1 / (1 + np.e), 0.5, 0.75])


def test_blobs_are_ovals_of_their_size(canvas: Canvas, rng: np.random.Generator) -> None:
    drawn = blobs(rng, canvas, [(0.5, -0.5), (1.39, 0.0)], (0.2, 0.2), 0.005)
    near = np.hypot(canvas.x - 0.5, canvas.y + 0.5) < 0.5
    assert drawn[near].sum() * canvas.pixel**2 == pytest.approx(np.pi * 0.04, rel=0.03)
    assert drawn[np.hypot(canvas.x - 1.39, canvas.y) < 0.1].min() > 0.9  # one is cut by the edge
    assert not blobs(rng, canvas, [], (0.2, 0.2), 0.005).any()


def test_places_lie_inside(canvas: Canvas, rng: np.random.Generator) -> None:
    depth = 0.5 - np.hypot(canvas.x, canvas.y)
    found = places(rng, canvas, depth, (40, 41), 0.1)
    assert len(found) == 40
    assert max(np.hypot(x, y) for x, y in found) < 0.4
    assert places(rng, canvas, depth, (40, 41), 0.6) == []


def test_lines_cover_their_area(canvas: Canvas) -> None:
    ends = np.array([[-0.7, 0.2], [0.7, 0.2]])
    drawn = draw_lines(canvas, [(ends, 0.1)])
    assert drawn.sum() * canvas.pixel**2 == pytest.approx(0.14, rel=0.05)
    assert drawn[np.abs(canvas.y - 0.2) > 0.08].max() == 0


def test_streaks_leave_one_side_of_the_border(canvas: Canvas, rng: np.random.Generator) -> None:
    lines = radial_streaks(rng, canvas, 0.5 - np.hypot(canvas.x, canvas.y), (10, 11))
    assert len(lines) == 10
    starts, ends = (np.stack([points[index] for points, _ in lines]) for index in (0, -1))
    assert (np.hypot(*starts.T) < 0.5).all()
    assert (np.hypot(*ends.T) > np.hypot(*starts.T)).all()
    assert np.hypot(*np.mean(starts, axis=0)) > 0.15  # all around, it would be near 0
