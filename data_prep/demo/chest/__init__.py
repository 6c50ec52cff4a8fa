"""Simulated chest radiographs: normal, tuberculosis or a nodule, with masks of the lungs."""

from data_prep.demo.chest.content import write_content

__all__ = ["write_content"]
