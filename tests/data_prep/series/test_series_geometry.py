"""Where slices are: affines worked out by hand."""

import math

import numpy as np
import pytest

from data_prep.series.geometry import find_places, measure_stack, plane_axes, refuse_uneven
from monai_ssl.errors import InputError

AXIAL = (1, 0, 0, 0, 1, 0)


def stack(*levels: float) -> np.ndarray:
    """Positions on a line along z."""
    return np.array([(-5.0, -7.0, level) for level in levels])


def test_axial():
    found = measure_stack(stack(10, 12, 14), AXIAL, (0.5, 0.25))
    # Rows go to the left and columns to the back, in RAS the negative directions; 0.25 mm is between columns.
    np.testing.assert_array_equal(found.affine, [[-0.25, 0, 0, 5], [0, -0.5, 0, 7], [0, 0, 2, 10], [0, 0, 0, 1]])
    assert found.orientation == "LPS"
    assert found.spacing == (0.25, 0.5, 2.0)
    assert (found.tilt, found.uneven, found.gap, found.gaps, found.missing) == (0, 0, 2, (2, 2), ())
    refuse_uneven(found)


def test_sagittal():
    # Rows go to the back and columns down, so that the normal goes to the right: x of LPS falls.
    found = measure_stack([(3, 20, 30), (0, 20, 30), (-3, 20, 30)], (0, 1, 0, 0, 0, -1), (0.5, 0.25))
    np.testing.assert_array_equal(found.affine, [[0, 0, 3, -3], [-0.25, 0, 0, -20], [0, -0.5, 0, 30], [0, 0, 0, 1]])
    assert found.orientation == "PIR"


def test_coronal():
    found = measure_stack([(1, 2, 3), (1, 4, 3), (1, 6, 3), (1, 8, 3)], (1, 0, 0, 0, 0, -1), (1, 1))
    np.testing.assert_array_equal(found.affine, [[-1, 0, 0, -1], [0, 0, -2, -2], [0, -1, 0, 3], [0, 0, 0, 1]])
    assert found.orientation == "LIP"


def test_oblique():
    half, root = 0.5, math.sqrt(3) / 2
    normal = np.array([0, -half, root])
    found = measure_stack([4 * n * normal for n in range(5)], (1, 0, 0, 0, root, half), (2, 3))
    expected = [[-3, 0, 0, 0], [0, -2 * root, 2, 0], [0, 1, 4 * root, 0], [0, 0, 0, 1]]
    np.testing.assert_allclose(found.affine, expected, atol=1e-12)
    assert found.tilt == pytest.approx(0, abs=1e-5)
    assert found.gap == pytest.approx(4)


def test_tilted_gantry_is_a_shear():
    # The planes are turned by 15 degrees, and the table moves by 5 mm along z between them.
    angle = math.radians(15)
    found = measure_stack(stack(0, 5, 10, 15), (1, 0, 0, 0, math.cos(angle), -math.sin(angle)), (1, 1))
    assert found.tilt == pytest.approx(15)
    assert found.gap == pytest.approx(5 * math.cos(angle))
    expected = [[-1, 0, 0, 5], [0, -math.cos(angle), 0, 7], [0, -math.sin(angle), 5, 0], [0, 0, 0, 1]]
    np.testing.assert_allclose(found.affine, expected, atol=1e-12)
    refuse_uneven(found)


@pytest.mark.parametrize(
    ("levels", "uneven", "told"),
    [((0, 1, 2.005, 3), 0.005, False), ((0, 1, 2.05, 3), 0.05, True), ((0, 5, 10.04, 15), 0.04, False)],
)
def test_small_differences_are_told_of(levels, uneven, told):
    found = measure_stack(stack(*levels), AXIAL, (1, 1))
    assert found.uneven == pytest.approx(uneven)
    assert found.is_uneven is told
    refuse_uneven(found)


def test_uneven_spacing_is_refused():
    found = measure_stack(stack(0, 1, 2.2, 3), AXIAL, (1, 1))
    assert found.missing == ()
    with pytest.raises(InputError, match=r"unevenly spaced, as gaps are 0\.8 to 1\.2 mm"):
        refuse_uneven(found)


def test_a_slice_moved_aside_is_refused():
    positions = stack(0, 1, 2, 3)
    positions[2, 0] += 0.2
    with pytest.raises(InputError, match=r"steps differ by up to 0\.2 mm"):
        refuse_uneven(measure_stack(positions, AXIAL, (1, 1)))


def test_missing_slices_are_named():
    found = measure_stack(stack(0, 1, 2, 5, 6, 7, 9), AXIAL, (1, 1))
    assert found.missing == ((3, 2), (6, 1))
    with pytest.raises(InputError, match=r"^slices seem to be missing \(2 after slice 3, 1 after slice 6\)"):
        refuse_uneven(found)


def test_places_are_sorted_and_shared():
    assert find_places([5.0, -1.0, 2.0, 5.0004, 2.0]) == [[1], [2, 4], [0, 3]]


@pytest.mark.parametrize(
    "orientation", [(1, 0, 0, 1, 0, 0), (1, 0, 0, 0, 0.9, 0), (0, 0, 0, 0, 0, 0), (1, 0, 0, 0.1, 0.995, 0)]
)
def test_impossible_orientation(orientation):
    with pytest.raises(InputError, match="unit vectors"):
        plane_axes(orientation)


def test_rounded_orientation_is_made_exact():
    axes = plane_axes((0.7071, 0.7071, 0, 0, 0, -1))
    np.testing.assert_allclose(np.linalg.norm(axes, axis=1), 1, rtol=1e-15)
    np.testing.assert_allclose(axes[2], (-math.sqrt(0.5), math.sqrt(0.5), 0), rtol=1e-15)


@pytest.mark.parametrize(
    ("positions", "spacing", "reason"),
    [
        (stack(0, 1), (1, 1), r"fewer than 3 slices \(2\)"),
        (stack(3, 3, 3), (1, 1), "in one place"),
        (stack(0, 1, 2), (0, 1), "PixelSpacing"),
    ],
)
def test_no_stack(positions, spacing, reason):
    with pytest.raises(InputError, match=reason):
        measure_stack(positions, AXIAL, spacing)
