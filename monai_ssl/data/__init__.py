"""Data lists, splits, labeling budgets and two-stream loading."""

from monai_ssl.data.budget import sample_budget
from monai_ssl.data.datalist import DATALIST_NAME, TASKS, DataList
from monai_ssl.data.dataset import ImageDataset
from monai_ssl.data.splits import SPLITS, split_patients
from monai_ssl.data.studies import list_studies
from monai_ssl.data.two_stream import TwoStreamLoader
from monai_ssl.readers.listing import list_images

__all__ = [
    "DATALIST_NAME",
    "SPLITS",
    "TASKS",
    "DataList",
    "ImageDataset",
    "TwoStreamLoader",
    "list_images",
    "list_studies",
    "sample_budget",
    "split_patients",
]
