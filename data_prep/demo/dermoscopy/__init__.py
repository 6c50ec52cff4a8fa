"""Simulated dermoscopy: photographs of skin lesions of seven diagnoses, imbalanced like ISIC 2018."""

from data_prep.demo.dermoscopy.content import write_content

__all__ = ["write_content"]
