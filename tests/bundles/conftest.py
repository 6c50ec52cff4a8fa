"""Trained bundles, each trained once."""

import pytest

from tests.bundles.helpers import BUNDLES, run_bundle, small


@pytest.fixture(scope="session", params=[pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in BUNDLES])
def trained(request, demo, tmp_path_factory):
    """``(name, root, workflow)`` of a bundle after a small training run."""
    root = tmp_path_factory.mktemp(request.param)
    return request.param, root, run_bundle(request.param, ("train",), "train", "training", **small(demo, root))
