"""Demo data sets of simulated images, to try the bundles without a download: head CT, dermoscopy, brain MR, chest."""

from data_prep.demo.command import add_arguments, run
from data_prep.demo.dataset import demo_dir, make_demo

__all__ = ["add_arguments", "demo_dir", "make_demo", "run"]
