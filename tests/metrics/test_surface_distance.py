import numpy as np
import pytest

from monai_ssl.metrics import surface_distances


def line(*places):
    mask = np.zeros((3, 12), bool)
    mask[1, list(places)] = True
    return mask


def test_the_larger_mean_of_the_two_directions():
    """To the one true pixel it is 0 and 4; from it to the nearest found one 0."""
    found, true = line(2, 6), line(2)
    assert surface_distances(found, true, (1, 1)) == pytest.approx((0.95 * 4, 2))
    assert surface_distances(true, found, (1, 1)) == pytest.approx((0.95 * 4, 2))
    assert surface_distances(found, true, (7, 0.5)).average_hausdorff == pytest.approx(1)


def test_the_inside_does_not_count():
    """Between a block and its outline there is no distance: they have one surface."""
    block = np.zeros((9, 9), bool)
    block[2:7, 2:7] = True
    outline = block.copy()
    outline[3:6, 3:6] = False
    outline[4, 4] = True
    expected = 2 / 17  # the pixel in the middle is 2 from the outline, whose 16 pixels are on both surfaces
    assert surface_distances(outline, block, (1, 1)).average_hausdorff == pytest.approx(expected)


def test_an_empty_mask_is_refused():
    for pair in ((line(1), line()), (line(), line(1))):
        with pytest.raises(ValueError, match="no surface"):
            surface_distances(*pair, (1, 1))
