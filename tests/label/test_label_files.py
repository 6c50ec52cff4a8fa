"""Labels as annotators give them."""

import json

import nibabel as nib
import numpy as np
import pytest
from PIL import Image

from monai_ssl.errors import InputError
from monai_ssl.label.labels import check_mask, class_labels, read_classes


@pytest.fixture
def label(tmp_path):
    def write(content):
        file = tmp_path / "label.json"
        file.write_text(content if isinstance(content, str) else json.dumps(content))
        return file

    return write


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"label": "mass"}, "mass"),
        ({"labels": ["mass", "edema"]}, ("mass", "edema")),
        ({"labels": []}, ()),
        ({"label": "mass", "annotator": 3}, "mass"),
    ],
)
def test_classes_are_read(label, content, expected):
    assert read_classes(label(content)) == expected


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "\xff",
        [],
        {},
        {"label": None},
        {"label": ["mass"]},
        {"label": " "},
        {"labels": "mass"},
        {"labels": None},
        {"labels": ["mass", 1]},
        {"labels": ["mass", "mass"]},
        {"label": "mass", "labels": ["mass"]},
    ],
)
def test_other_forms_are_refused(label, content):
    with pytest.raises(InputError, match=r'Give \{"label"'):
        read_classes(label(content))


def test_unknown_classes_are_refused(label):
    with pytest.raises(InputError, match=r"the class 'nodule' is not known\. Give one of mass, edema"):
        read_classes(label({"labels": ["mass", "nodule"]}), ["mass", "edema"])
    assert read_classes(label({"label": "edema"}), ["mass", "edema"]) == "edema"


def test_one_class_each_is_multiclass():
    assert class_labels({"a": "mass", "b": "edema", "c": "mass"}) == (
        "multiclass",
        ("edema", "mass"),
        {"a": 1, "b": 0, "c": 1},
    )
    assert class_labels({"a": "mass"}, ["mass", "edema"]) == ("multiclass", ("mass", "edema"), {"a": 0})


def test_lists_of_classes_are_multilabel():
    assert class_labels({"a": ("mass", "edema"), "b": (), "c": ("mass",)}) == (
        "multilabel",
        ("edema", "mass"),
        {"a": [1, 1], "b": [0, 0], "c": [0, 1]},
    )


@pytest.mark.parametrize(
    ("read", "message"),
    [
        ({"a": "mass", "b": ("mass",), "c": ("edema",)}, "^a: most labels have the other form"),
        ({"a": "mass", "b": ("mass",), "c": "edema"}, "^b: most labels have the other form"),
        ({"a": "mass", "b": "mass"}, "All labels are 'mass'"),
        ({"a": (), "b": ()}, "No image has any class"),
    ],
)
def test_labels_that_cannot_be_learned_are_refused(read, message):
    with pytest.raises(InputError, match=message):
        class_labels(read)


def nifti(path, values, affine=None):
    nib.save(nib.Nifti1Image(values, np.eye(4) if affine is None else affine), path)
    return path


def test_masks_lie_on_their_image(tmp_path):
    image = nifti(tmp_path / "image.nii.gz", np.random.default_rng(0).normal(size=(4, 5, 6)).astype(np.float32))
    values = np.zeros((4, 5, 6), np.uint8)
    values[1] = 1
    values[2] = 3
    mask = nifti(tmp_path / "mask.nii.gz", values)
    check_mask(mask, image, {})
    check_mask(mask, image, {"a": [1, 3]})
    with pytest.raises(InputError, match=r"values of no region \(3\)"):
        check_mask(mask, image, {"a": [1], "b": [2]})
    with pytest.raises(InputError, match=r"shape \(4, 5, 5\), but its image has \(4, 5, 6\)"):
        check_mask(nifti(tmp_path / "cut.nii.gz", values[..., :5]), image, {})
    with pytest.raises(InputError, match="the affine differs"):
        check_mask(nifti(tmp_path / "moved.nii.gz", values, np.diag([1, 1, 2.0, 1])), image, {})
    with pytest.raises(InputError, match=r"values of no region \(-3\)"):
        check_mask(nifti(tmp_path / "negative.nii.gz", -values.astype(np.int16)), image, {})
    many = nifti(tmp_path / "many.nii.gz", np.arange(4 * 9 * 9, dtype=np.int16).reshape(4, 9, 9))
    with pytest.raises(InputError, match="has 324 values, as images have"):
        check_mask(many, many, {})
    with pytest.raises(InputError, match="labels of this kind are not taken"):
        check_mask(tmp_path / "mask.png.exe", image, {})
    Image.fromarray(values[..., 0]).save(tmp_path / "picture.png")
    with pytest.raises(InputError, match="shape"):
        check_mask(tmp_path / "picture.png", image, {})
