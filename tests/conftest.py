"""What several tests share."""

import logging
import os
import random
from pathlib import Path

import numpy as np
import pytest
import torch

from data_prep.demo import make_demo
from monai_ssl.bundle import saliency


@pytest.fixture(autouse=True, scope="session")
def _one_thread_each():
    """The tests run side by side: more threads a test only get in each other's way."""
    torch.set_num_threads(1)
    os.environ["OMP_NUM_THREADS"] = "1"


@pytest.fixture(autouse=True)
def _same_draws():
    """A test draws the same numbers whatever ran before it: among others, a toy network may start with dead units."""
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002 - it is the legacy one that libraries draw from unasked
    torch.manual_seed(0)


@pytest.fixture(autouse=True)
def _same_logging():
    """What runs a bundle in this process configures the root logger, with the output of its own test."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture(scope="session")
def demo(tmp_path_factory) -> Path:
    """A small demo data set, made once for all workers."""
    return make_demo(shared_folder(tmp_path_factory) / "demo", patients=15, budget=0.25, progress=False)


@pytest.fixture(scope="session")
def dermoscopy(tmp_path_factory) -> Path:
    """A small demo data set of seven classes in color, made once for all workers."""
    folder = shared_folder(tmp_path_factory) / "dermoscopy"
    return make_demo(folder, phantom="dermoscopy", lesions=60, budget=0.25, image_size=48, progress=False)


@pytest.fixture(scope="session")
def brain_tumor(tmp_path_factory) -> Path:
    """A small demo data set of volumes in four modalities with masks, made once for all workers."""
    folder = shared_folder(tmp_path_factory) / "brain_tumor"
    return make_demo(folder, phantom="brain_tumor", subjects=10, budget=0.25, image_size=32, progress=False)


@pytest.fixture(scope="session")
def chest(tmp_path_factory) -> Path:
    """A small demo data set of radiographs with classes and masks, made once for all workers."""
    folder = shared_folder(tmp_path_factory) / "chest"
    return make_demo(folder, phantom="chest", radiographs=60, budget=0.5, image_size=32, progress=False)


def shared_folder(tmp_path_factory) -> Path:
    """A temporary folder that all workers have."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base


@pytest.fixture(scope="session")
def real_images() -> Path:
    """The folder of real medical images, for the tests that use them where they are."""
    folder = os.environ.get("MONAI_SSL_DATA")
    if not folder:
        pytest.skip("MONAI_SSL_DATA is not set")
    return Path(folder)


@pytest.fixture
def figures(monkeypatch):
    """The saliency figures that are saved."""
    kept = []
    save = saliency.save_figure

    def keep(figure, path):
        kept.append(figure)
        save(figure, path)

    monkeypatch.setattr(saliency, "save_figure", keep)
    return kept
