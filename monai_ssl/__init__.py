"""Semi-supervised learning for medical images on MONAI: what the bundles name in their configs."""

__version__ = "0.1.0"
