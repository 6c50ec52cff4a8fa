"""A trained bundle as files for other programs: ``python -m monai_ssl.export BUNDLE --output DIR``."""

from monai_ssl.export.bundle import export_bundle
from monai_ssl.export.formats import FORMATS
from monai_ssl.export.parity import TOLERANCE

__all__ = ["FORMATS", "TOLERANCE", "export_bundle"]
