"""Montgomery, Shenzhen and JSRT: layouts, classes, masks and the raw files of JSRT."""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from data_prep.datasets.chest import add_arguments, read
from data_prep.datasets.chest_jsrt import RawJob, convert_raw, read_raw
from data_prep.records import Record, Rejects, Source
from monai_ssl.errors import InputError
from monai_ssl.readers import read_image

LEFT, RIGHT = np.zeros((4, 4), np.uint8), np.zeros((4, 4), np.uint8)
LEFT[1:3, 3], RIGHT[1:3, 0] = 255, 255
BOTH = [[0, 0, 0, 0], [255, 0, 0, 255], [255, 0, 0, 255], [0, 0, 0, 0]]


def save(file: Path, values: NDArray[np.uint8] = LEFT) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(values).save(file)
    return file


def raw(file: Path, values: NDArray[np.integer] | int) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(np.broadcast_to(np.asarray(values), (2048, 2048)).astype(">u2").tobytes())
    return file


def montgomery(folder: Path) -> None:
    for name in ("MCUCXR_0001_0.png", "MCUCXR_0104_1.png"):
        save(folder / "MontgomerySet" / "CXR_png" / name)
        save(folder / "MontgomerySet" / "ManualMask" / "leftMask" / name, LEFT)
        save(folder / "MontgomerySet" / "ManualMask" / "rightMask" / name, RIGHT)


def shenzhen(folder: Path) -> None:
    for name in ("CHNCXR_0001_0", "CHNCXR_0327_1"):
        save(folder / "ChinaSet_AllFiles" / "CXR_png" / f"{name}.png")
    save(folder / "ChinaSet_AllFiles" / "mask" / "CHNCXR_0001_0_mask.png")


def jsrt(folder: Path) -> None:
    """The masks of SCR: odd and even numbers are in two folders."""
    for number, name in enumerate(("JPCLN001", "JPCNN002")):
        raw(folder / "All247images" / f"{name}.IMG", 100 * number)
        masks = folder / "scratch" / f"fold{number + 1}" / "masks"
        save(masks / "left lung" / f"{name}.gif", LEFT)
        save(masks / "right lung" / f"{name}.gif", RIGHT)
        save(masks / "heart" / f"{name}.gif", np.full((4, 4), 255, np.uint8))
        save(masks / "left clavicle" / f"{name}.gif", np.full((4, 4), 255, np.uint8))


def read_folder(folder: Path, *arguments: str) -> tuple[Source, Rejects]:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    options = parser.parse_args(arguments)
    options.source, options.output, options.workers = folder, folder / "out", 1
    rejects = Rejects()
    return read(options, rejects), rejects


def pixels(file: Path | tuple[Path, ...] | None) -> NDArray[np.generic]:
    assert isinstance(file, Path)
    with Image.open(file) as picture:
        return np.asarray(picture)


def test_montgomery_has_masks_of_each_lung_which_are_merged(tmp_path: Path) -> None:
    montgomery(tmp_path)
    source, rejects = read_folder(tmp_path)
    assert (source.task, source.modality, source.channels, source.spatial_dims) == ("joint", "DX", 1, 2)
    assert (source.labels, source.masks) == (("normal", "tuberculosis"), {"lung": [255]})
    first, second = source.records
    assert (first.name, first.label) == ("MontgomerySet/CXR_png/MCUCXR_0001_0.png", 0)
    assert first.image == tmp_path / first.name
    assert second.label == 1
    assert first.patient != second.patient
    for record in source.records:
        np.testing.assert_array_equal(pixels(record.mask), BOTH)
    assert not rejects.found


def test_shenzhen_has_masks_of_some_images(tmp_path: Path) -> None:
    shenzhen(tmp_path)
    source, _ = read_folder(tmp_path)
    folder = tmp_path / "ChinaSet_AllFiles"
    assert source.records == [
        Record(
            folder / "CXR_png" / "CHNCXR_0001_0.png",
            "ChinaSet_AllFiles/CXR_png/CHNCXR_0001_0.png",
            label=0,
            mask=folder / "mask" / "CHNCXR_0001_0_mask.png",
            patient="Shenzhen 0001 0",
        ),
        Record(
            folder / "CXR_png" / "CHNCXR_0327_1.png",
            "ChinaSet_AllFiles/CXR_png/CHNCXR_0327_1.png",
            label=1,
            patient="Shenzhen 0327 1",
        ),
    ]
    source, _ = read_folder(folder, "--task", "segmentation")
    assert source.labels == ("lung",)
    assert [(record.label, record.mask is None) for record in source.records] == [(None, False), (None, True)]


def test_jsrt_is_converted_and_a_second_run_converts_nothing(tmp_path: Path) -> None:
    jsrt(tmp_path)
    source, rejects = read_folder(tmp_path, "--jsrt_size", "16")
    assert source.labels == ("normal", "nodule")
    assert [(record.name, record.label) for record in source.records] == [
        ("All247images/JPCLN001.IMG", 1),
        ("All247images/JPCNN002.IMG", 0),
    ]
    assert [np.unique(pixels(record.image)).tolist() for record in source.records] == [[65535], [63935]]
    for record in source.records:
        assert pixels(record.image).shape == (16, 16)
        np.testing.assert_array_equal(pixels(record.mask), np.kron(BOTH, np.ones((4, 4))))
    assert not rejects.found
    files = sorted((tmp_path / "out").rglob("*.png"))
    assert len(files) == 4
    times = [file.stat().st_mtime_ns for file in files]
    assert read_folder(tmp_path, "--jsrt_size", "16")[0] == source
    assert [file.stat().st_mtime_ns for file in sorted((tmp_path / "out").rglob("*.png"))] == times


def test_all_three_sets_have_three_classes(tmp_path: Path) -> None:
    montgomery(tmp_path)
    shenzhen(tmp_path)
    jsrt(tmp_path)
    source, _ = read_folder(tmp_path, "--task", "multiclass")
    assert source.labels == ("normal", "tuberculosis", "nodule")
    assert [(record.name.rsplit("/")[-1], record.label) for record in source.records] == [
        ("JPCLN001.IMG", 2),
        ("JPCNN002.IMG", 0),
        ("CHNCXR_0001_0.png", 0),
        ("CHNCXR_0327_1.png", 1),
        ("MCUCXR_0001_0.png", 0),
        ("MCUCXR_0104_1.png", 1),
    ]
    assert source.masks == {}
    assert source.name == "Montgomery, Shenzhen, JSRT"
    assert not (tmp_path / "out" / "masks").exists()
    assert len({record.patient for record in source.records}) == 6


def test_masks_of_both_sets_in_one_folder(tmp_path: Path) -> None:
    for name in ("CHNCXR_0001_0", "MCUCXR_0104_1"):
        save(tmp_path / "CXR_png" / f"{name}.png")
    masks = [save(tmp_path / "masks" / name) for name in ("CHNCXR_0001_0_mask.png", "MCUCXR_0104_1.png")]
    source, _ = read_folder(tmp_path)
    assert [record.mask for record in source.records] == masks


@pytest.mark.parametrize(
    ("images", "left", "right"),
    [
        ("xrays", "masks/left", "masks/right"),
        ("xrays", "masks/png/left lung", "masks/png/right lung"),
        ("pictures", "left/mask", "right/mask"),
        ("z", "a/ManualMask/leftMask/b", "a/ManualMask/rightMask/b"),
        ("xrays and masks/CXR_png", "xrays and masks/left_mask", "xrays and masks/right_mask"),
        ("lung masks/images", "lung masks/maskLeft", "lung masks/maskRight"),
        ("xrays-with-masks/bright", "xrays-with-masks/masks left", "xrays-with-masks/masks right"),
    ],
)
def test_masks_are_told_by_any_of_their_folders(tmp_path: Path, images: str, left: str, right: str) -> None:
    for name in ("MCUCXR_0001_0.png", "MCUCXR_0104_1.png"):
        save(tmp_path / images / name, np.full((4, 4), 100, np.uint8))
        save(tmp_path / left / name, LEFT)
        save(tmp_path / right / name, RIGHT)
    source, rejects = read_folder(tmp_path)
    assert [record.name for record in source.records] == [f"{images}/MCUCXR_0001_0.png", f"{images}/MCUCXR_0104_1.png"]
    for record in source.records:
        np.testing.assert_array_equal(pixels(record.mask), BOTH)
    assert not rejects.found


def test_lungs_are_told_from_other_organs_by_the_innermost_folder(tmp_path: Path) -> None:
    for kind in "LN":
        raw(tmp_path / "raw" / f"JPC{kind}N001.IMG", 0)
        for side, values in (("left", LEFT), ("right", RIGHT)):
            save(tmp_path / "lung set" / "lungs" / side / f"JPC{kind}N001.gif", values)
            save(tmp_path / "lung set" / f"{side} clavicle" / f"JPC{kind}N001.gif", np.full((4, 4), 255, np.uint8))
    source, rejects = read_folder(tmp_path, "--jsrt_size", "16")
    for record in source.records:
        np.testing.assert_array_equal(pixels(record.mask), np.kron(BOTH, np.ones((4, 4))))
    assert not rejects.found


def test_files_of_one_name_that_folders_do_not_tell_apart(tmp_path: Path) -> None:
    """Both may be the radiograph, or one of them a mask that nothing calls so."""
    shenzhen(tmp_path)
    save(tmp_path / "more" / "CHNCXR_0001_0.png", RIGHT)  # another picture
    save(tmp_path / "more" / "CHNCXR_0327_1.png")  # the same
    save(tmp_path / "more" / "CHNCXR_0002_0.png")
    save(tmp_path / "more" / "CHNCXR_0002_0_mask.png")
    source, rejects = read_folder(tmp_path)
    assert [record.name for record in source.records] == [
        "ChinaSet_AllFiles/CXR_png/CHNCXR_0327_1.png",
        "more/CHNCXR_0002_0.png",
    ]
    assert [(item.path, item.reason) for item in rejects.found] == [
        ("ChinaSet_AllFiles/CXR_png/CHNCXR_0001_0.png", "another file of this name has other contents"),
        ("more/CHNCXR_0001_0.png", "another file of this name has other contents"),
    ]
    save(tmp_path / "more" / "CHNCXR_0327_1.png", RIGHT)
    with pytest.raises(InputError, match="2 of 3 names are those of several files with different contents"):
        read_folder(tmp_path)


def test_what_is_set_aside(tmp_path: Path) -> None:
    montgomery(tmp_path)
    jsrt(tmp_path)
    (tmp_path / "MontgomerySet/ManualMask/leftMask/MCUCXR_0001_0.png").unlink()
    (tmp_path / "MontgomerySet/ManualMask/leftMask/MCUCXR_0104_1.png").write_bytes(b"no picture")
    (tmp_path / "All247images/JPCLN001.IMG").write_bytes(bytes(100))
    source, rejects = read_folder(tmp_path, "--jsrt_size", "16")
    assert source.labels == ("normal", "tuberculosis")
    assert [(record.name.rsplit("/")[-1], record.label, record.mask is None) for record in source.records] == [
        ("JPCNN002.IMG", 0, False),
        ("MCUCXR_0001_0.png", 0, True),
        ("MCUCXR_0104_1.png", 1, True),
    ]
    assert [(item.path, item.reason) for item in rejects.found] == [
        ("MontgomerySet/ManualMask/rightMask/MCUCXR_0001_0.png", "the mask of the other lung is missing"),
        ("All247images/JPCLN001.IMG", "this file has 100 bytes, an image of JSRT has 8388608"),
        (
            "MontgomerySet/ManualMask/leftMask/MCUCXR_0104_1.png",
            "this picture cannot be read (UnidentifiedImageError)",
        ),
    ]


@pytest.mark.parametrize(
    ("fill", "message"),
    [
        (lambda folder: save(folder / "other.png"), "no image here that is called"),
        (lambda folder: save(folder / "CHNCXR_0001_0.png"), "all images here are of one class"),
        (
            lambda folder: [save(folder / f"CHNCXR_000{number}_{number}.png") for number in (0, 1)],
            "there are no masks here",
        ),
    ],
)
def test_what_the_task_needs_must_be_there(tmp_path: Path, fill: Callable[[Path], object], message: str) -> None:
    fill(tmp_path)
    with pytest.raises(InputError, match=message):
        read_folder(tmp_path)


@pytest.mark.parametrize("size", ["15", "2049", "x"])
def test_sizes_that_jsrt_cannot_have(tmp_path: Path, size: str) -> None:
    with pytest.raises(SystemExit):
        read_folder(tmp_path, "--jsrt_size", size)


def test_raw_values_are_inverted_and_fill_16_bits(tmp_path: Path) -> None:
    values = np.zeros((2048, 2048), np.uint16)
    values[0, :4] = [0, 1, 2048, 4095]
    values[2047, 0] = 4095
    file = raw(tmp_path / "JPCLN001.IMG", values)
    assert read_raw(file)[0, :4].tolist() == [4095, 4094, 2047, 0]
    written = convert_raw(RawJob(file, tmp_path / "out", bytes(32)))
    # 65535 / 4095 = 16.00366...
    assert pixels(written)[0, :4].tolist() == [65535, 65519, 32759, 0]
    assert (pixels(written)[2047, 0], pixels(written)[0, 2047]) == (0, 65535)
    np.testing.assert_allclose(read_image(written)[0, 0, :4], [1, 4094 / 4095, 2047 / 4095, 0], atol=1e-5)


def test_a_smaller_raw_image_is_the_average_of_areas(tmp_path: Path) -> None:
    values = np.zeros((2048, 2048), np.uint16)
    values[:2, :2] = [[4095, 4095], [4095, 0]]
    values[2:4, :2] = [[1365, 0], [0, 0]]
    written = convert_raw(RawJob(raw(tmp_path / "JPCLN001.IMG", values), tmp_path / "out", bytes(32), 1024))
    assert pixels(written)[:2, :2].tolist() == [[16384, 65535], [60074, 65535]]


def test_raw_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="more than 12 bits"):
        read_raw(raw(tmp_path / "little_endian.IMG", 0xFF0F))
    with pytest.raises(InputError, match="cannot be read"):
        read_raw(tmp_path / "absent.IMG")
    with pytest.raises(InputError, match="cannot be read"):
        convert_raw(RawJob(tmp_path / "absent.IMG", tmp_path / "out", bytes(32)))


def test_released_images_of_shenzhen(real_images: Path, tmp_path: Path) -> None:
    for part in ("CXR_png", "mask"):
        (tmp_path / part).mkdir()
    for path in sorted((real_images / "shenzhen" / "CXR_png").iterdir())[::60]:
        (tmp_path / "CXR_png" / path.name).symlink_to(path)
        mask = real_images / "shenzhen" / "mask" / f"{path.stem}_mask.png"
        if mask.exists():
            (tmp_path / "mask" / mask.name).symlink_to(mask)
    source, rejects = read_folder(tmp_path)
    assert len(source.records) == 12
    assert [record.label for record in source.records] == [int(record.name[-5]) for record in source.records]
    assert all(record.mask is None or record.mask.parent == tmp_path / "mask" for record in source.records)
    assert not rejects.found
