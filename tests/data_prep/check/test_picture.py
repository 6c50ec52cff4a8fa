"""Samples, thumbnails and the figure of a data list."""

from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from PIL import Image

from data_prep.check.files import Seen
from data_prep.check.picture import datalist_figure
from data_prep.check.picture_bars import short_name
from data_prep.check.samples import choose_samples
from data_prep.check.thumbnails import SIDE, Thumbnail, View, make_thumbnail
from data_prep.inspection.images import Inspected
from monai_ssl.errors import InputError
from monai_ssl.reports.figures import save_figure


def seen(key: str, index: int, label: Any, patient: str = "", values: tuple[int, ...] | None = None) -> Seen:
    name = f"{key}{index}"
    entry = {"image": name, "patient": patient or name, "label": label}
    mask = None if values is None else Path(f"{name}_mask")
    return Seen(key, f"{key}[{index}]", entry, (Path(name),), mask, Inspected(mask_values=values))


def shown_in(rows: list[Any]) -> dict[str, list[str]]:
    return {row.title: [view.images[0].name for view in row.views] for row in rows}


def test_rows_of_classes() -> None:
    items = [seen("labeled", index, index % 3) for index in range(6)]
    items += [seen("validation", 0, 0), seen("test", 0, 1), seen("unlabeled", 0, None), seen("labeled", 6, -1)]
    rows = shown_in(choose_samples({"task": "multiclass", "labels": ["a", "b", "c", "d"]}, items))
    assert list(rows) == ["a", "b", "c", "d"]
    assert set(rows["a"][:2]) == {"labeled0", "labeled3"}
    assert rows["a"][2:] == ["validation0"]
    assert set(rows["b"]) == {"labeled1", "labeled4"}
    assert rows["d"] == []


def test_rows_prefer_other_groups_and_images() -> None:
    """Six of ten images: first those of other patients, then the rest; the second class has images of its own."""
    items = [seen("labeled", index, [1, 0], patient="same") for index in range(5)]
    items += [seen("labeled", 5 + index, [1, 1]) for index in range(5)]
    items += [seen("labeled", 10 + index, [0, 1]) for index in range(6)]
    items += [seen("labeled", 16, [0, 0]), seen("labeled", 17, [-1, -1])]
    rows = shown_in(choose_samples({"task": "multilabel", "labels": ["a", "b"]}, items))
    assert len(rows["a"]) == 6
    assert {f"labeled{index}" for index in range(5, 10)} < set(rows["a"])
    assert set(rows["b"]) == {f"labeled{index}" for index in range(10, 16)}
    assert rows["none of these"] == ["labeled16"]


def test_the_commonest_classes() -> None:
    labels = [f"class {index}" for index in range(20)]
    items = [seen("labeled", 100 * c + i, c) for c in range(20) for i in range(20 - c if c % 2 else 40)]
    rows = shown_in(choose_samples({"task": "multiclass", "labels": labels}, items))
    assert list(rows) == [f"class {c}" for c in range(20) if c % 2 == 0 or c < 8]


def test_rows_of_regions() -> None:
    items = [seen("labeled", 0, "m", values=(0, 1)), seen("labeled", 1, "m", values=(0, 2))]
    items += [seen("labeled", 2, "m", values=(0,))]
    content = {"task": "segmentation", "labels": ["whole", "core"], "masks": {"whole": [1, 2], "core": [2]}}
    rows = choose_samples(content, items)
    assert {title: set(names) for title, names in shown_in(rows).items()} == {
        "whole": {"labeled0", "labeled1"},
        "core": {"labeled1"},
        "none of these": {"labeled2"},
    }
    assert rows[1].views == [View((Path("labeled1"),), Path("labeled1_mask"), ((1, 2), (2,)), 1)]


def test_thumbnail_of_a_wide_colour_picture(tmp_path: Path) -> None:
    Image.new("RGB", (40, 20), (200, 100, 50)).save(tmp_path / "i.png")
    mask = np.zeros((20, 40), dtype=np.uint8)
    mask[:, :10] = 255
    Image.fromarray(mask).save(tmp_path / "m.png")
    thumbnail = make_thumbnail(View((tmp_path / "i.png",), tmp_path / "m.png", ((255,),)))
    assert thumbnail.height == SIDE // 2
    assert thumbnail.pixels[SIDE // 2, SIDE // 2].tolist() == [200, 100, 50]
    assert thumbnail.pixels[0, 0].tolist() == thumbnail.pixels[-1, -1].tolist() == [255, 255, 255]
    row = thumbnail.regions[0, SIDE // 2]
    assert row[:40].min() == 255
    assert row[50:].max() == 0
    assert thumbnail.regions[0, 0].max() == 0


def test_thumbnail_of_a_volume(tmp_path: Path) -> None:
    """An axial slice, seen from the feet: the right is to the left and the front is up; 2 mm rows are twice as tall."""
    values = np.zeros((4, 6, 3), dtype=np.float32)
    values[0, 0, 1] = 1  # the voxel that is most left and at the back, in the middle slice
    mask = np.zeros((4, 6, 3), dtype=np.uint8)
    mask[1:3, 1:3, 2] = 1
    mask[3, 5, 0] = 2
    for name, array in (("i.nii", values), ("m.nii", mask)):
        nibabel.save(nibabel.Nifti1Image(array, np.diag([1.0, 2.0, 2.0, 1.0])), tmp_path / name)
    middle = make_thumbnail(View((tmp_path / "i.nii",)))
    assert middle.height == SIDE
    width = SIDE // 3  # 4 mm of 12 mm
    inside = middle.pixels[:, (SIDE - width) // 2 : (SIDE + width) // 2, 0]
    y, x = np.unravel_index(inside.argmax(), inside.shape)
    assert y > SIDE * 5 / 6 - 2
    assert x > width * 3 / 4 - 2
    assert middle.pixels[SIDE // 2, 0].tolist() == [255, 255, 255]

    focused = make_thumbnail(View((tmp_path / "i.nii",), tmp_path / "m.nii", ((1,), (2,)), 0))
    assert focused.regions[0].max() == 255  # the slice that has the region
    assert focused.regions[1].max() == 0


def test_thumbnail_of_thick_slices(tmp_path: Path) -> None:
    """A coronal acquisition is seen in its own plane."""
    values = np.zeros((8, 3, 8), dtype=np.float32)
    values[:, 1, :4] = 1
    values[:, 1, 0] = 2
    nibabel.save(nibabel.Nifti1Image(values, np.diag([1.0, 5.0, 1.0, 1.0])), tmp_path / "i.nii")
    pixels = make_thumbnail(View((tmp_path / "i.nii",))).pixels[..., 0]
    assert pixels[: SIDE // 3].max() == 0  # the head end is up
    assert pixels[-SIDE // 3 :].min() > 50


def test_thumbnail_of_a_bad_file(tmp_path: Path) -> None:
    (tmp_path / "i.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(InputError, match=r"i\.png"):
        make_thumbnail(View((tmp_path / "i.png",)))


def test_short_name() -> None:
    assert short_name("hemorrhage", 10) == "hemorrhage"
    assert short_name("hemorrhages", 10) == "hemorrhag…"


def picture_of(classes: int, tmp_path: Path, regions: int = 0) -> Image.Image:
    labels = [f"a class with a long name, number {index}" for index in range(classes)]
    content: dict[str, Any] = {"task": "joint" if regions else "multiclass", "labels": labels, "modality": "OT"}
    content |= {"channels": 1, "spatial_dims": 2, "masks": {f"region {index}": [1] for index in range(regions)}}
    content |= {"labeled": [{}] * 1000, "unlabeled": [{}] * 30, "validation": [{}] * 10, "test": []}
    ramp = np.repeat(np.arange(SIDE, dtype=np.uint8)[:, None], SIDE, axis=1)
    mask = np.zeros((regions, SIDE, SIDE), dtype=np.uint8)
    mask[:, 50:100, 50:100] = 255
    thumbnail = Thumbnail(np.repeat(ramp[..., None], 3, axis=-1), mask, SIDE)
    samples = [(label, [thumbnail] * (index % 7)) for index, label in enumerate(labels)]
    rows = classes + regions
    counts = {"labeled": [7] * rows, "validation": [0] * rows, "test": [0] * rows}
    save_figure(datalist_figure(content, samples, counts), tmp_path / "p.png")
    return Image.open(tmp_path / "p.png").convert("RGB")


@pytest.mark.parametrize("classes", [1, 14])
def test_figure(tmp_path: Path, classes: int) -> None:
    picture = picture_of(classes, tmp_path)
    colors = {color for _, color in picture.getcolors(1 << 24)}
    assert {(0x00, 0x72, 0xB2), (0xE6, 0x9F, 0x00)} < colors  # bars of labeled and validation, none of test
    assert (0x00, 0x9E, 0x73) not in colors
    assert [path.name for path in tmp_path.iterdir()] == ["p.png"]


def test_every_sample_is_seen(tmp_path: Path) -> None:
    content: dict[str, Any] = {"task": "multiclass", "labels": ["a", "b"], "modality": "XC", "channels": 3}
    content |= {"spatial_dims": 2, "labeled": [{}], "unlabeled": [], "validation": [{}], "test": []}
    reds = [[(100 * row + 10 * column, 0, 0) for column in range(6)] for row in range(2)]
    none = np.zeros((0, SIDE, SIDE), dtype=np.uint8)
    samples = [
        (name, [Thumbnail(np.full((SIDE, SIDE, 3), red, dtype=np.uint8), none, SIDE) for red in row])
        for name, row in zip("ab", reds, strict=True)
    ]
    counts = {key: [1, 1] for key in ("labeled", "validation", "test")}
    save_figure(datalist_figure(content, samples, counts), tmp_path / "p.png")
    found = {color: number for number, color in Image.open(tmp_path / "p.png").convert("RGB").getcolors(1 << 24)}
    areas = [found[red] for row in reds for red in row if any(red)]
    assert len(areas) == 11
    assert min(areas) > 0.95 * max(areas)  # cells of one size


def test_outlines(tmp_path: Path) -> None:
    """The second region is outlined in a color that no bar has."""
    plain, outlined = picture_of(3, tmp_path), picture_of(3, tmp_path, regions=2)
    assert (0x56, 0xB4, 0xE9) not in {color for _, color in plain.getcolors(1 << 24)}
    assert (0x56, 0xB4, 0xE9) in {color for _, color in outlined.getcolors(1 << 24)}


def test_very_many_classes(tmp_path: Path) -> None:
    """The picture does not grow without end."""
    content: dict[str, Any] = {"task": "multiclass", "labels": [f"c{index}" for index in range(1000)]}
    content |= {"modality": "OT", "channels": 1, "spatial_dims": 2, "labeled": [{}] * 9, "unlabeled": []}
    content |= {"validation": [{}], "test": []}
    counts = {key: [1] * 1000 for key in ("labeled", "validation", "test")}
    assert datalist_figure(content, [("c0", [])], counts).get_figheight() < 30
