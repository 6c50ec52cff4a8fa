"""Writing masks and maps that lie on the images that they were made of, in any viewer."""

from monai_ssl.writers.mask import mask_suffix, write_map, write_mask
from monai_ssl.writers.nifti import write_nifti
from monai_ssl.writers.probabilities import write_probabilities

__all__ = ["mask_suffix", "write_map", "write_mask", "write_nifti", "write_probabilities"]
