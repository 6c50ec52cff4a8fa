import pytest

from monai_ssl.bundle import check_joint_data
from monai_ssl.data import DataList
from monai_ssl.errors import InputError

BOTH, MASK, CLASS = {"label": 0, "mask": "m"}, {"label": -1, "mask": "m"}, {"label": 1}


def datalist(labeled=(BOTH,), validation=(BOTH,), task="joint", labels=("a", "b")):
    return DataList(task, labels, "DX", 1, 2, list(labeled), [], list(validation), [], {"lung": [1]})


def test_what_fits():
    for architecture in ("adversarial", "branched", "mask", "diagnosis"):
        check_joint_data(datalist(), architecture)
    for architecture in ("adversarial", "branched"):
        check_joint_data(datalist((MASK, CLASS), (CLASS, MASK)), architecture)
    check_joint_data(datalist((MASK,), (MASK,), labels=("a",)), "mask")
    check_joint_data(datalist((CLASS,), (CLASS,)), "diagnosis")
    check_joint_data(datalist((CLASS,), (CLASS,), task="multiclass"), "diagnosis")


@pytest.mark.parametrize(
    ("given", "architecture", "message"),
    [
        ({"labeled": (CLASS,)}, "adversarial", "No labeled image has a mask.*convnet.json"),
        ({"validation": (CLASS,)}, "mask", "No validation image has a mask"),
        ({"labeled": (MASK,)}, "branched", "No labeled image has a class.*unet.json"),
        ({"validation": (MASK,)}, "diagnosis", "No validation image has a class"),
        ({"labels": ("a",)}, "adversarial", "has 1 class. A diagnosis is one of two or more"),
        ({"task": "segmentation"}, "mask", "task is segmentation.*whose task is joint"),
        ({"task": "multiclass"}, "branched", "task is multiclass.*masks and one class"),
        ({"task": "multilabel"}, "diagnosis", "task is multilabel.*joint or multiclass"),
    ],
)
def test_what_does_not(given, architecture, message):
    with pytest.raises(InputError, match=message):
        check_joint_data(datalist(**given), architecture)
