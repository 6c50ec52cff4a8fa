"""Semi-supervised methods: which networks, which losses."""

from monai_ssl.methods.base import Batch, Method
from monai_ssl.methods.contrastive import ContrastivePretraining
from monai_ssl.methods.joint import UMTL, ConvNet, JointMethod, UNetAlone
from monai_ssl.methods.mean_teacher import MeanTeacher
from monai_ssl.methods.no_teacher import NoTeacher
from monai_ssl.methods.robust_pseudo_label import RobustPseudoLabel
from monai_ssl.methods.s4mtl import S2MTL, S4MTL
from monai_ssl.methods.src import SRC
from monai_ssl.methods.srcl import SRCL
from monai_ssl.methods.supervised import Supervised

__all__ = [
    "S2MTL",
    "S4MTL",
    "SRC",
    "SRCL",
    "UMTL",
    "Batch",
    "ContrastivePretraining",
    "ConvNet",
    "JointMethod",
    "MeanTeacher",
    "Method",
    "NoTeacher",
    "RobustPseudoLabel",
    "Supervised",
    "UNetAlone",
]
