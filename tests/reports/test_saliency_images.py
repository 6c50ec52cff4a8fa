import logging

import pytest

from monai_ssl.errors import InputError
from monai_ssl.reports import choose_images

NAMES = ("edema", "mass", "hernia")


def entries(labels, folder="/data/images"):
    return [{"image": f"{folder}/{i}.png", "patient": f"p{i}", "label": label} for i, label in enumerate(labels)]


MULTICLASS = entries([0, 1, 1, 0, -1, 1])
MULTILABEL = entries([[1, 0, 0], [1, 1, -1], [0, 0, 0], [-1, 1, 0]])


def test_one_image_of_each_class_that_shows_it(caplog):
    with caplog.at_level(logging.WARNING, "monai_ssl"):
        chosen = choose_images(MULTICLASS, NAMES)
    assert [index for _, index in chosen] == [0, 1]
    assert all(MULTICLASS[place]["label"] == index for place, index in chosen)
    assert [record.getMessage() for record in caplog.records] == [
        "No test image shows 'hernia', so there is no saliency map of this class."
    ]


def test_several_labels():
    for seed in range(5):
        (first, _), (second, _) = choose_images(MULTILABEL, NAMES, seed=seed)
        assert first in (0, 1)
        assert second in (1, 3)


def test_as_many_as_there_are():
    chosen = choose_images(MULTICLASS, NAMES, per_class=3)
    assert sorted(chosen) == [(0, 0), (1, 1), (2, 1), (3, 0), (5, 1)]
    assert len(choose_images(MULTICLASS, NAMES, per_class=2)) == 4


def test_none_at_all():
    assert choose_images(MULTICLASS, NAMES, per_class=0) == []
    assert choose_images(MULTICLASS, NAMES, "images/3.png", "/data", per_class=0) == [(3, 0)]


def test_the_seed_decides():
    many = entries([i % 3 for i in range(300)])
    first = choose_images(many, NAMES, per_class=4, seed=1)
    assert choose_images(many, NAMES, per_class=4, seed=1) == first
    assert choose_images(many, NAMES, per_class=4, seed=2) != first
    # A class that vanishes changes nothing for the others.
    fewer = [entry | {"label": -1} if entry["label"] == 0 else entry for entry in many]
    assert choose_images(fewer, NAMES, per_class=4, seed=1) == first[4:]


def test_classes_are_drawn_apart():
    both = entries([[1, 1, 0]] * 4)
    pairs = {tuple(place for place, _ in choose_images(both, NAMES, seed=seed)) for seed in range(20)}
    assert any(first != second for first, second in pairs)


@pytest.mark.parametrize("name", ["images/3.png", "/data/images/3.png", "images/../images/3.png"])
def test_named_images(name):
    assert choose_images(MULTICLASS, NAMES, name, "/data") == [(3, 0)]
    assert choose_images(MULTICLASS, NAMES, ["images/5.png", name], "/data") == [(5, 1), (3, 0)]


def test_a_named_image_with_all_its_classes():
    assert choose_images(MULTILABEL, NAMES, ["/data/images/1.png"]) == [(1, 0), (1, 1)]


def test_an_image_of_several_files():
    several = [{"image": ["/data/a_t1.nii", "/data/a_t2.nii"], "label": 2}]
    assert choose_images(several, NAMES, "a_t2.nii", "/data") == [(0, 2)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"images": "9.png"},
            r"9\.png: .*the test list.*such as images/0\.png, images/1\.png, images/2\.png\.$",
        ),
        ({"images": "images/9.png", "folder": "/other"}, r"such as /data/images/0\.png"),
        ({"images": ["images/4.png"]}, r"images/4\.png: by its label this image shows no class"),
        ({"images": []}, "images is empty"),
        ({"images": 7}, r"images is 7\. Give names of files"),
        ({"images": ["images/3.png", None]}, r"images is 'images/3\.png', None\. Give names of files"),
        ({"per_class": -1}, "per_class is -1. Give a number of images a class, or 0"),
        ({"per_class": 1.5}, "per_class is 1.5"),
        ({"entries": entries([-1, -1])}, "no test image shows any class"),
        ({"entries": [{"image": "/data/images/0.png"}]}, "no test image shows any class"),
        ({"entries": entries(["/data/mask.png"])}, "labels of these images are masks"),
    ],
)
def test_errors(arguments, message):
    with pytest.raises(InputError, match=message):
        choose_images(**({"entries": MULTICLASS, "class_names": NAMES, "folder": "/data"} | arguments))
