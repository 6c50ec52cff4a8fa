"""Simulated MR of brain tumors: gliomas in four modalities with masks, as in BraTS."""

from data_prep.demo.brain_tumor.content import write_content

__all__ = ["write_content"]
