"""Choosing some of many, evenly spread."""

import pytest

from monai_ssl.spread import spread_evenly


@pytest.mark.parametrize(
    ("count", "chosen", "expected"),
    [(5, 3, [0, 2, 4]), (10, 4, [0, 3, 6, 9]), (3, 7, [0, 1, 2]), (4, 1, [0]), (4, 0, []), (0, 2, [])],
)
def test_indices(count, chosen, expected):
    assert spread_evenly(count, chosen) == expected
