"""What several tests share."""

import os
from pathlib import Path

import pytest
import torch

from data_prep.demo import make_demo


@pytest.fixture(autouse=True, scope="session")
def _one_thread_each():
    """The tests run side by side: more threads a test only get in each other's way."""
    torch.set_num_threads(1)
    os.environ["OMP_NUM_THREADS"] = "1"


@pytest.fixture(scope="session")
def demo(tmp_path_factory) -> Path:
    """A small demo data set, made once for all workers."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    return make_demo(shared / "demo", patients=15, budget=0.25, progress=False)


@pytest.fixture(scope="session")
def real_images() -> Path:
    """The folder of real medical images, for the tests that use them where they are."""
    folder = os.environ.get("MONAI_SSL_DATA")
    if not folder:
        pytest.skip("MONAI_SSL_DATA is not set")
    return Path(folder)
