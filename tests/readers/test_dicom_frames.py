"""Multi-frame and enhanced objects."""

import numpy as np
import pytest
from pydicom import Dataset

from monai_ssl.errors import InputError
from monai_ssl.readers import read_dicom, read_image, rescale

AXIAL = ["1", "0", "0", "0", "1", "0"]


def item(**values):
    dataset = Dataset()
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return dataset


def frame(position=None, rescaled=None, window=None, orientation=None):
    """The functional groups of a frame, with the ones that are given."""
    groups = Dataset()
    if position is not None:
        groups.PlanePositionSequence = [item(ImagePositionPatient=[str(value) for value in position])]
    if rescaled is not None:
        slope, intercept = rescaled
        groups.PixelValueTransformationSequence = [item(RescaleSlope=str(slope), RescaleIntercept=str(intercept))]
    if window is not None:
        center, width = window
        groups.FrameVOILUTSequence = [item(WindowCenter=str(center), WindowWidth=str(width))]
    if orientation is not None:
        groups.PlaneOrientationSequence = [item(ImageOrientationPatient=orientation)]
    return groups


def stack(write_dicom, frames, shared=None, **tags):
    """Two rows of three pixels a frame; all pixels of frame k (from 0) are 10 * k and more, up to 10 * k + 5."""
    stored = (10 * np.arange(len(frames))[:, None, None] + np.arange(6).reshape(2, 3)).astype(np.int16)
    path = write_dicom(
        stored[0],
        NumberOfFrames=len(frames),
        PixelData=stored.tobytes(),
        PerFrameFunctionalGroupsSequence=frames,
        SharedFunctionalGroupsSequence=[shared or Dataset()],
        **tags,
    )
    return path, stored


def test_classic_multi_frame_is_in_order_of_the_file(write_dicom):
    stored = np.arange(24, dtype=np.uint8).reshape(4, 2, 3)
    pixels, header = read_dicom(write_dicom(stored[0], NumberOfFrames=4, PixelData=stored.tobytes()))
    assert pixels.shape == (1, 2, 3, 4)
    for index in range(4):
        np.testing.assert_array_equal(pixels[0, :, :, index], stored[index])
    assert header.frame_positions == ()


def test_color_frames(write_dicom):
    stored = np.arange(36, dtype=np.uint8).reshape(2, 2, 3, 3)  # F, H, W, RGB
    path = write_dicom(stored[0], NumberOfFrames=2, PixelData=stored.tobytes(), PhotometricInterpretation="RGB")
    pixels = read_dicom(path)[0]
    assert pixels.shape == (3, 2, 3, 2)
    np.testing.assert_array_equal(pixels[2, 1, :, 1], [29, 32, 35])
    assert read_image(path, channels=1).shape == (1, 2, 3, 2)


def test_stack_is_sorted_along_the_normal(write_dicom):
    frames = [frame((0, 0, z)) for z in (2.5, -5, 0, 5)]
    shared = frame(orientation=AXIAL)
    shared.PixelMeasuresSequence = [item(PixelSpacing=["0.5", "0.25"], SliceThickness="3", SpacingBetweenSlices="2.5")]
    path, stored = stack(write_dicom, frames, shared)
    pixels, header = read_dicom(path)
    np.testing.assert_array_equal(pixels[0].transpose(2, 0, 1), stored[[1, 2, 0, 3]])
    assert header.frame_positions == ((0, 0, -5), (0, 0, 0), (0, 0, 2.5), (0, 0, 5))
    assert (header.image_position, header.image_orientation) == ((0, 0, -5), (1, 0, 0, 0, 1, 0))
    assert (header.pixel_spacing, header.slice_thickness, header.spacing_between_slices) == ((0.5, 0.25), 3, 2.5)


def test_the_normal_is_rows_cross_columns(write_dicom):
    # Rows to the patient's left (x), columns to the feet (-z): the normal is x cross -z = +y, to the back.
    frames = [frame((7, y, 3)) for y in (4, 9, -1)]
    path, stored = stack(write_dicom, frames, frame(orientation=["1", "0", "0", "0", "0", "-1"]))
    np.testing.assert_array_equal(read_dicom(path)[0][0].transpose(2, 0, 1), stored[[2, 0, 1]])


@pytest.mark.parametrize(
    ("frames", "shared"),
    [
        ([frame((0, 0, 1)), frame((0, 0, 1))], frame(orientation=AXIAL)),
        ([frame((0, 0, 2)), frame((0, 0, 1))], None),
        ([frame((0, 0, 2)), frame()], frame(orientation=AXIAL)),
        (
            [frame((0, 0, 2), orientation=AXIAL), frame((0, 0, 1), orientation=["0", "1", "0", "0", "0", "1"])],
            None,
        ),
    ],
    ids=["cine in one place", "no orientation", "a frame without a place", "several directions"],
)
def test_frames_that_are_no_stack_stay_in_order(write_dicom, frames, shared):
    path, stored = stack(write_dicom, frames, shared)
    np.testing.assert_array_equal(read_dicom(path)[0][0].transpose(2, 0, 1), stored)


def test_several_frames_in_one_place_of_a_stack(write_dicom):
    path, _ = stack(write_dicom, [frame((0, 0, z)) for z in (1, 2, 1, 2)], frame(orientation=AXIAL))
    with pytest.raises(InputError, match=r"slice\.dcm: .*several frames in one place.*Split"):
        read_dicom(path)


def test_each_frame_has_its_rescale(write_dicom):
    # Philips scales each slice by itself; the frames are sorted, and so are their slopes.
    frames = [frame((0, 0, 1), (2, -10)), frame((0, 0, 0), (0.5, 100))]
    path, stored = stack(write_dicom, frames, frame(orientation=AXIAL))
    pixels, header = read_dicom(path)
    assert header.frame_rescale == ((0.5, 100.0), (2.0, -10.0))
    assert (header.slope, header.intercept) == (0.5, 100.0)
    values = rescale(pixels, header)
    assert values.dtype == np.float32
    np.testing.assert_array_equal(values[0, :, :, 0], 0.5 * stored[1] + 100)
    np.testing.assert_array_equal(values[0, :, :, 1], 2.0 * stored[0] - 10)


def test_one_rescale_for_all_frames(write_dicom):
    frames = [frame((0, 0, z), (3, 1)) for z in (0, 1)]
    header = read_dicom(stack(write_dicom, frames, frame(orientation=AXIAL))[0])[1]
    assert (header.slope, header.intercept, header.frame_rescale) == (3.0, 1.0, ())


def test_shared_groups_and_top_level(write_dicom):
    """A frame's own value goes before the shared one, and this before the top level's."""
    frames = [frame(rescaled=(5, 0)), frame()]
    path, _ = stack(write_dicom, frames, frame(rescaled=(4, 0)), RescaleSlope="3", WindowCenter="40", WindowWidth="80")
    header = read_dicom(path)[1]
    assert header.frame_rescale == ((5.0, 0.0), (4.0, 0.0))
    assert (header.window_centers, header.window_widths) == ((40.0,), (80.0,))


def test_windows_of_frames_are_joined(write_dicom):
    # From 0 to 100 and from 50 to 250: from 0 to 250.
    path, _ = stack(write_dicom, [frame(window=(50, 100)), frame(window=(150, 200))])
    header = read_dicom(path)[1]
    assert (header.window_centers, header.window_widths) == ((125.0,), (250.0,))


def test_windowed_stack(write_dicom):
    # Frame 0 is 0 to 5 and becomes 0 to 10 HU, frame 1 is 10 to 15 and becomes 90 to 95 HU.
    frames = [frame(rescaled=(2, 0)), frame(rescaled=(1, 80))]
    path, _ = stack(write_dicom, frames)
    image = read_image(path, channels=1, windows=((50, 100),))
    assert image.shape == (1, 2, 3, 2)
    np.testing.assert_allclose(image[0, 0], [[0, 0.9], [0.02, 0.91], [0.04, 0.92]], atol=1e-6)
    assert read_image(path, channels=1, windows=((50, 100),), spatial_dims=3).shape == (1, 2, 3, 2)


def test_padding_is_of_each_frame(write_dicom):
    # The stored value 10 is padding; it is 10 HU in one frame and 90 HU in the other, where 5 is 10 HU too.
    stored = np.array([[[10, 5]], [[10, 5]]], dtype=np.int16)
    path = write_dicom(
        stored[0],
        NumberOfFrames=2,
        PixelData=stored.tobytes(),
        PerFrameFunctionalGroupsSequence=[frame(rescaled=(1, 0)), frame(rescaled=(16, -70))],
        PixelPaddingValue=10,
    )
    image = read_image(path, channels=1, windows=((50, 100),))
    np.testing.assert_allclose(image[0, 0], [[0, 0], [0.05, 0.1]], atol=1e-6)


def test_full_window_spans_all_frames(write_dicom):
    # 16 bits, signed: from 1 * -32768 to 2 * 32767 over both frames.
    path, stored = stack(write_dicom, [frame(rescaled=(1, 0)), frame(rescaled=(2, 0))])
    image = read_image(path, channels=1, windows=("full",))
    low, high = -2 * 32768, 2 * 32767
    np.testing.assert_allclose(image[0, :, :, 1], (2.0 * stored[1] - low) / (high - low), atol=1e-6)


def test_enhanced_single_frame(write_dicom):
    path, stored = stack(write_dicom, [frame((1, 2, 3), (2, -1024))], frame(orientation=AXIAL))
    pixels, header = read_dicom(path)
    np.testing.assert_array_equal(pixels, stored)
    assert (header.slope, header.intercept) == (2.0, -1024.0)
    assert (header.image_position, header.frame_positions) == ((1.0, 2.0, 3.0), ())


@pytest.mark.parametrize(
    ("tags", "words"),
    [
        ({"NumberOfFrames": 3}, "cut short|NumberOfFrames"),
        ({"NumberOfFrames": 1}, "NumberOfFrames is not the number of functional groups"),
        ({"NumberOfFrames": 2**31 - 1}, "NumberOfFrames|GiB"),
        ({"NumberOfFrames": "-2"}, "NumberOfFrames is not a whole number"),
    ],
)
def test_wrong_number_of_frames(write_dicom, tags, words):
    stored = np.zeros((2, 2, 3), dtype=np.int16)
    path = write_dicom(
        stored[0], PixelData=stored.tobytes(), PerFrameFunctionalGroupsSequence=[frame(), frame()], **tags
    )
    with pytest.raises(InputError, match=words):
        read_dicom(path)
