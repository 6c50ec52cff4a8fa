"""What the bundles' configurations call around a run."""

from monai_ssl.bundle.evaluation import track_evaluation
from monai_ssl.bundle.identity import evaluated_digest, model_digest
from monai_ssl.bundle.joint import check_joint_data
from monai_ssl.bundle.model import find_thresholds, load_model, model_info, read_model_info
from monai_ssl.bundle.paths import find_bundle_root
from monai_ssl.bundle.processes import distribute, join_processes, leave_processes
from monai_ssl.bundle.provenance import (
    make_run_name,
    run_parameters,
    tracking_enabled,
    tracking_hint,
    tracking_uri,
)
from monai_ssl.bundle.pseudo_labels import picture_pseudo_labels
from monai_ssl.bundle.saliency import SaliencyMaps
from monai_ssl.bundle.setup import as_bool, as_sizes, prepare_run, show_input_errors_plainly
from monai_ssl.bundle.stages import check_stages, check_validations, start_from

__all__ = [
    "SaliencyMaps",
    "as_bool",
    "as_sizes",
    "check_joint_data",
    "check_stages",
    "check_validations",
    "distribute",
    "evaluated_digest",
    "find_bundle_root",
    "find_thresholds",
    "join_processes",
    "leave_processes",
    "load_model",
    "make_run_name",
    "model_digest",
    "model_info",
    "picture_pseudo_labels",
    "prepare_run",
    "read_model_info",
    "run_parameters",
    "show_input_errors_plainly",
    "start_from",
    "track_evaluation",
    "tracking_enabled",
    "tracking_hint",
    "tracking_uri",
]
