"""The data sets of MedMNIST v2: their modality as in DICOM, and the names of their classes.

Source: J. Yang et al., MedMNIST v2, Scientific Data 10:41, 2023, and the table ``INFO`` of the authors' package.
"""

import re

__all__ = ["KNOWN", "known_as"]

_ORGANS = (
    "bladder",
    "femur-left",
    "femur-right",
    "heart",
    "kidney-left",
    "kidney-right",
    "liver",
    "lung-left",
    "lung-right",
    "pancreas",
    "spleen",
)

KNOWN: dict[str, tuple[str, tuple[str, ...]]] = {
    "pathmnist": (
        "SM",
        (
            "adipose",
            "background",
            "debris",
            "lymphocytes",
            "mucus",
            "smooth muscle",
            "normal colon mucosa",
            "cancer-associated stroma",
            "colorectal adenocarcinoma epithelium",
        ),
    ),
    "chestmnist": (
        "DX",
        (
            "atelectasis",
            "cardiomegaly",
            "effusion",
            "infiltration",
            "mass",
            "nodule",
            "pneumonia",
            "pneumothorax",
            "consolidation",
            "edema",
            "emphysema",
            "fibrosis",
            "pleural",
            "hernia",
        ),
    ),
    "dermamnist": (
        "XC",
        (
            "actinic keratoses and intraepithelial carcinoma",
            "basal cell carcinoma",
            "benign keratosis-like lesions",
            "dermatofibroma",
            "melanoma",
            "melanocytic nevi",
            "vascular lesions",
        ),
    ),
    "octmnist": ("OPT", ("choroidal neovascularization", "diabetic macular edema", "drusen", "normal")),
    "pneumoniamnist": ("DX", ("normal", "pneumonia")),
    "retinamnist": ("OP", ("grade 0", "grade 1", "grade 2", "grade 3", "grade 4")),
    "breastmnist": ("US", ("malignant", "normal, benign")),
    "bloodmnist": (
        "GM",
        (
            "basophil",
            "eosinophil",
            "erythroblast",
            "immature granulocytes",
            "lymphocyte",
            "monocyte",
            "neutrophil",
            "platelet",
        ),
    ),
    "tissuemnist": (
        "GM",
        (
            "Collecting Duct, Connecting Tubule",
            "Distal Convoluted Tubule",
            "Glomerular endothelial cells",
            "Interstitial endothelial cells",
            "Leukocytes",
            "Podocytes",
            "Proximal Tubule Segments",
            "Thick Ascending Limb",
        ),
    ),
    "organamnist": ("CT", _ORGANS),
    "organcmnist": ("CT", _ORGANS),
    "organsmnist": ("CT", _ORGANS),
    # The 3D set has the same organs in another order.
    "organmnist3d": (
        "CT",
        (
            "liver",
            "kidney-right",
            "kidney-left",
            "femur-right",
            "femur-left",
            "bladder",
            "heart",
            "lung-right",
            "lung-left",
            "spleen",
            "pancreas",
        ),
    ),
    "nodulemnist3d": ("CT", ("benign", "malignant")),
    "adrenalmnist3d": ("CT", ("normal", "hyperplasia")),
    "fracturemnist3d": (
        "CT",
        ("buckle rib fracture", "nondisplaced rib fracture", "displaced rib fracture"),
    ),
    "vesselmnist3d": ("MR", ("vessel", "aneurysm")),
    "synapsemnist3d": ("OT", ("inhibitory synapse", "excitatory synapse")),
}
"""For each data set its modality and classes, in the order of the labels."""


def known_as(stem: str) -> str | None:
    """The data set of a file by its name without suffix (``pathmnist_224``: ``pathmnist``); None: not a known one."""
    name = re.sub(r"_\d+$", "", stem.lower())
    return name if name in KNOWN else None
