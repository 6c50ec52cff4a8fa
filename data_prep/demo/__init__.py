"""The demo data set: simulated head CT with intracranial hemorrhages, for trying the bundles without a download."""

from data_prep.demo.command import add_arguments, run
from data_prep.demo.dataset import demo_dir, make_demo

__all__ = ["add_arguments", "demo_dir", "make_demo", "run"]
