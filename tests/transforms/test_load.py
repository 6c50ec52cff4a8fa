import csv

import nibabel as nib
import numpy as np
import pytest
import torch
from monai.data import CacheDataset, DataLoader, MetaTensor
from monai.transforms import Compose, Resized
from PIL import Image

from monai_ssl.errors import InputError
from monai_ssl.transforms import LoadRadiologyImage, LoadRadiologyImaged

GREY = np.array([[0, 51, 102], [153, 204, 255]], dtype=np.uint8)
# A colour, and its luminance by hand: (0.299 * 255 + 0.587 * 102 + 0.114 * 51) / 255
COLOR, LUMINANCE = (255, 102, 51), 0.299 + 0.587 * 0.4 + 0.114 * 0.2


def check(image: torch.Tensor, shape: tuple[int, ...]) -> None:
    assert type(image) is torch.Tensor
    assert image.dtype == torch.float32
    assert tuple(image.shape) == shape
    assert torch.isfinite(image).all()
    assert image.min() >= 0
    assert image.max() <= 1


def save_picture(folder, picture, name="image.png", **options):
    picture.save(folder / name, **options)
    return folder / name


def save_nifti(folder, values, affine=None, name="image.nii.gz"):
    nib.save(nib.Nifti1Image(values, np.eye(4) if affine is None else affine), folder / name)
    return folder / name


@pytest.mark.parametrize("name", ["image.png", "image.bmp", "image.tif", "image.TIFF"])
def test_grey_picture(tmp_path, name):
    image = LoadRadiologyImage()(save_picture(tmp_path, Image.fromarray(GREY), name))
    check(image, (1, 2, 3))
    np.testing.assert_allclose(image[0], [[0, 0.2, 0.4], [0.6, 0.8, 1]], atol=1e-6)


def test_jpeg_picture(tmp_path):
    path = save_picture(tmp_path, Image.new("RGB", (8, 6), COLOR), "image.jpg", quality=95)
    np.testing.assert_allclose(LoadRadiologyImage()(path), np.full((1, 6, 8), LUMINANCE), atol=0.01)
    check(LoadRadiologyImage(channels=3)(path), (3, 6, 8))


def test_sixteen_bit_picture(tmp_path):
    values = np.array([[0, 13107], [52428, 65535]], dtype=np.uint16)  # 0, 1/5, 4/5 and 1
    for name in ("image.png", "image.tif"):
        image = LoadRadiologyImage()(save_picture(tmp_path, Image.fromarray(values), name))
        np.testing.assert_allclose(image[0], [[0, 0.2], [0.8, 1]], atol=1e-6)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_color_picture(tmp_path, mode):
    path = save_picture(tmp_path, Image.new("RGB", (3, 2), COLOR).convert(mode))
    check(grey := LoadRadiologyImage()(path), (1, 2, 3))
    np.testing.assert_allclose(grey, np.full((1, 2, 3), LUMINANCE), atol=1e-6)
    check(color := LoadRadiologyImage(channels=3)(path), (3, 2, 3))
    np.testing.assert_allclose(color[:, 1, 2], [1.0, 0.4, 0.2], atol=1e-6)


def test_grey_in_color_file_equals_grey_file(tmp_path):
    grey = LoadRadiologyImage()(save_picture(tmp_path, Image.fromarray(GREY), "grey.png"))
    color = LoadRadiologyImage()(save_picture(tmp_path, Image.fromarray(GREY).convert("RGB"), "color.png"))
    torch.testing.assert_close(grey, color)


def test_black_and_white_picture(tmp_path):
    path = save_picture(tmp_path, Image.fromarray(GREY > 100).convert("1"))
    np.testing.assert_array_equal(LoadRadiologyImage()(path)[0], [[0, 0, 1], [1, 1, 1]])


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_transparency_is_laid_over_black(tmp_path, mode):
    picture = Image.new("LA", (3, 1), (204, 255))
    picture.putpixel((1, 0), (204, 0))
    picture.putpixel((2, 0), (204, 51))
    image = LoadRadiologyImage()(save_picture(tmp_path, picture.convert(mode)))
    # 204 / 255 is 0.8; over black it is multiplied by its opacity: 1, 0 and 0.2
    np.testing.assert_allclose(image[0, 0], [0.8, 0.0, 0.16], atol=1 / 255)


def test_palette_with_transparency(tmp_path):
    picture = Image.new("P", (2, 1))
    picture.putpalette([204, 204, 204, 255, 255, 255])
    picture.putpixel((1, 0), 1)
    path = save_picture(tmp_path, picture, transparency=1)
    np.testing.assert_allclose(LoadRadiologyImage()(path)[0, 0], [0.8, 0.0], atol=1e-6)


@pytest.mark.parametrize("name", ["image.png", "image.tif"])
def test_exif_orientation_is_applied(tmp_path, name):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: rotate clockwise by 90 degrees for display
    path = save_picture(tmp_path, Image.fromarray(GREY), name, exif=exif)
    np.testing.assert_allclose(LoadRadiologyImage()(path)[0] * 255, np.rot90(GREY, -1), atol=1e-4)


def test_unusable_pictures(tmp_path):
    path = tmp_path / "image.png"
    Image.fromarray(GREY).save(path)
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(InputError, match=r"image\.png: this picture cannot be read"):
        LoadRadiologyImage()(path)
    path.write_bytes(b"no picture")
    with pytest.raises(InputError, match="cannot be read"):
        LoadRadiologyImage()(path)
    many = [Image.fromarray(GREY)]
    with pytest.raises(InputError, match="2 pictures"):
        LoadRadiologyImage()(save_picture(tmp_path, many[0], "many.tif", save_all=True, append_images=many))
    with pytest.raises(InputError, match=r"32-bit pictures have no known range\..* or use the window 'raw'"):
        LoadRadiologyImage()(save_picture(tmp_path, Image.fromarray(GREY.astype(np.float32)), "float.tif"))


def test_windows_of_a_picture(tmp_path):
    path = save_picture(tmp_path, Image.new("RGB", (3, 2), COLOR))
    image = LoadRadiologyImage(windows=["header", "full", "auto"])(path)
    check(image, (3, 2, 3))
    np.testing.assert_allclose(image, np.full((3, 2, 3), LUMINANCE), atol=1e-6)
    for window in ("brain", (40, 80)):
        with pytest.raises(InputError, match=r"image\.png: .* is in HU"):
            LoadRadiologyImage(windows=["full", window])(path)


def test_nifti_is_in_ras_orientation(tmp_path):
    ras = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
    # stored with axes (anterior, left, superior)
    stored = ras.transpose(1, 0, 2)[:, ::-1]
    affine = np.array([[0, -1, 0, 1], [1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
    image = LoadRadiologyImage(windows=[(11.5, 23)])(save_nifti(tmp_path, stored, affine))
    check(image, (1, 2, 3, 4))
    np.testing.assert_allclose(image[0] * 23, ras, atol=1e-5)


@pytest.mark.parametrize(
    ("shape", "expected"), [((3, 4), (1, 3, 4)), ((3, 4, 1), (1, 3, 4)), ((3, 4, 5, 1), (1, 3, 4, 5))]
)
@pytest.mark.parametrize("name", ["image.nii", "image.nii.gz"])
def test_nifti_shapes(tmp_path, shape, expected, name):
    values = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    image = LoadRadiologyImage()(save_nifti(tmp_path, values, name=name))
    check(image, expected)
    low, high = np.percentile(values, [0.5, 99.5])
    np.testing.assert_allclose(image.flatten(), np.clip((values.ravel() - low) / (high - low), 0, 1), atol=1e-5)


def test_single_sagittal_nifti_slice_is_2d(tmp_path):
    # the axes of the file go anterior, superior, right; the right-left axis has one slice
    affine = np.array([[0, 0, 1, 0], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1]])
    values = np.arange(12, dtype=np.uint8).reshape(3, 4, 1)
    image = LoadRadiologyImage(windows=[(5.5, 11)])(save_nifti(tmp_path, values, affine))
    np.testing.assert_allclose(image[0] * 11, values[..., 0], atol=1e-5)


def test_nifti_slope_and_windows(tmp_path):
    image = nib.Nifti1Image(np.array([[[0, 20, 40, 60]]], dtype=np.int16), np.eye(4))
    image.header.set_slope_inter(2.0, -40.0)  # HU -40, 0, 40, 80
    nib.save(image, tmp_path / "image.nii")
    loaded = LoadRadiologyImage(windows=["brain", "subdural"])(tmp_path / "image.nii")
    check(loaded, (2, 1, 1, 4))
    np.testing.assert_allclose(loaded[:, 0, 0], [[0, 0, 0.5, 1], [0, 0.1, 0.3, 0.5]], atol=1e-6)


def test_constant_nifti_is_zero(tmp_path):
    path = save_nifti(tmp_path, np.full((3, 4, 5), 7, dtype=np.uint8))
    np.testing.assert_array_equal(LoadRadiologyImage(channels=3)(path), np.zeros((3, 3, 4, 5)))


def test_unusable_nifti(tmp_path):
    path = tmp_path / "image.nii"
    path.write_bytes(b"no nifti")
    with pytest.raises(InputError, match=r"image\.nii: this NIfTI file cannot be read"):
        LoadRadiologyImage()(path)
    for values, words in (
        (np.zeros((2, 3, 4, 5, 6), dtype=np.float32), "not a 2D or 3D image"),
        (np.array([[[0.0, np.nan]]], dtype=np.float32), "NaN"),
        (np.zeros((2, 3, 4), dtype=np.complex64), "cannot be read"),
    ):
        with pytest.raises(InputError, match=words):
            LoadRadiologyImage()(save_nifti(tmp_path, values))


def test_dicom_by_hand(write_dicom):
    stored = np.array([[1024, 1044], [1064, 1104], [0, 4095]], dtype=np.uint16)  # HU 0, 20, 40, 80, -1024, 3071
    path = write_dicom(stored, RescaleIntercept="-1024", RescaleSlope="1", WindowCenter="0", WindowWidth="40")
    image = LoadRadiologyImage(windows=["brain", "header"])(path)
    check(image, (2, 3, 2))
    np.testing.assert_allclose(image[0], [[0, 0.25], [0.5, 1], [0, 1]], atol=1e-6)
    np.testing.assert_allclose(image[1], [[0.5, 1], [1, 1], [0, 1]], atol=1e-6)
    check(color := LoadRadiologyImage(channels=3)(path), (3, 3, 2))
    assert torch.equal(color[0], color[2])


def test_radiograph_without_window_has_its_full_range(write_dicom):
    stored = np.array([[0, 1023]], dtype=np.uint16)
    path = write_dicom(stored, Modality="DX", PhotometricInterpretation="MONOCHROME1", BitsStored=10, HighBit=9)
    np.testing.assert_array_equal(LoadRadiologyImage()(path)[0], [[1, 0]])
    with pytest.raises(InputError, match=r"slice\.dcm: the header has no window"):
        LoadRadiologyImage(windows="header")(path)


def test_color_dicom(write_dicom):
    path = write_dicom(np.tile(np.array(COLOR, dtype=np.uint8), (2, 3, 1)), PhotometricInterpretation="RGB")
    np.testing.assert_allclose(LoadRadiologyImage()(path), np.full((1, 2, 3), LUMINANCE), atol=1e-6)
    np.testing.assert_allclose(LoadRadiologyImage(channels=3)(path)[:, 0, 0], [1.0, 0.4, 0.2], atol=1e-6)
    with pytest.raises(InputError, match=r"slice\.dcm: .* is in HU"):
        LoadRadiologyImage(windows="brain")(path)


def test_kind_goes_by_content_before_suffix(tmp_path, write_dicom):
    dicom = write_dicom(GREY, Modality="OT", name="slice.png")
    np.testing.assert_allclose(LoadRadiologyImage()(dicom)[0] * 255, GREY, atol=1e-4)
    picture = save_picture(tmp_path, Image.fromarray(GREY), "image.dcm", format="PNG")
    np.testing.assert_allclose(LoadRadiologyImage()(picture)[0] * 255, GREY, atol=1e-4)
    for name in ("IM0001", "1.2.840.3"):
        check(LoadRadiologyImage()(write_dicom(GREY, Modality="OT", name=name)), (1, 2, 3))


@pytest.mark.parametrize(("name", "content"), [("a.txt", b"text"), ("a.png", b""), ("a.dcm", b""), ("a", b"text")])
def test_unknown_files(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=f"{name}: this file is|{name}: files of this kind"):
        LoadRadiologyImage()(tmp_path / name)


def test_missing_file(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        LoadRadiologyImage()(tmp_path / "none.png")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"channels": 0}, "channels is 0"),
        ({"windows": ["lung"]}, "lung"),
        ({"channels": 3, "windows": ["brain", "bone"]}, "3 with 2 windows"),
    ],
)
def test_bad_arguments(arguments, words):
    with pytest.raises(InputError, match=words):
        LoadRadiologyImage(**arguments)


def test_raw_pictures(tmp_path):
    """The stored numbers, of every type."""
    wide, real = np.array([[0, 300], [70, 65535]], np.uint16), np.array([[-0.5, 1e6]], np.float32)
    load = LoadRadiologyImage(windows="raw")
    for values, name in ((GREY, "a.png"), (GREY, "a.bmp"), (wide, "b.png"), (wide, "b.tif"), (real, "c.tif")):
        image = load(save_picture(tmp_path, Image.fromarray(values), name))
        assert image.dtype == torch.float32
        np.testing.assert_array_equal(image[0], values)
    path = save_picture(tmp_path, Image.fromarray(GREY > 100))
    np.testing.assert_array_equal(load(path)[0], [[0, 0, 255], [255, 255, 255]])
    path = save_picture(tmp_path, Image.new("RGB", (3, 2), COLOR))
    np.testing.assert_array_equal(LoadRadiologyImage(3, "raw")(path)[:, 1, 2], COLOR)
    np.testing.assert_allclose(load(path), np.full((1, 2, 3), 255 * LUMINANCE), rtol=1e-6)
    both = LoadRadiologyImage(windows=["raw", "full"])(path)
    np.testing.assert_allclose(both[:, 0, 0], [255 * LUMINANCE, LUMINANCE], rtol=1e-6)
    path = save_picture(tmp_path, Image.fromarray(np.array([[0, np.nan]], np.float32)), "nan.tif")
    with pytest.raises(InputError, match=r"nan\.tif: the image holds NaN"):
        load(path)


def test_raw_nifti(tmp_path):
    image = nib.Nifti1Image(np.array([[[0, 20, 40, 60]]], dtype=np.int16), np.eye(4))
    image.header.set_slope_inter(2.0, -40.0)
    nib.save(image, tmp_path / "image.nii")
    loaded = LoadRadiologyImage(windows=["raw", "brain", "raw"])(tmp_path / "image.nii")
    np.testing.assert_array_equal(loaded[:, 0, 0], [[-40, 0, 40, 80], [0, 0, 0.5, 1], [-40, 0, 40, 80]])
    constant = save_nifti(tmp_path, np.full((3, 4, 5), 7, dtype=np.uint8))
    np.testing.assert_array_equal(LoadRadiologyImage(windows="raw")(constant), np.full((1, 3, 4, 5), 7))
    for bad in (np.nan, np.inf, -np.inf):
        with pytest.raises(InputError, match=r"image\.nii\.gz: the image holds NaN or infinite values"):
            LoadRadiologyImage(windows="raw")(save_nifti(tmp_path, np.array([[[0.0, bad]]], dtype=np.float32)))


def test_raw_dicom(write_dicom):
    stored = np.array([[1024, 1044], [0, 4095]], dtype=np.uint16)
    path = write_dicom(stored, RescaleIntercept="-1024", RescaleSlope="1", PhotometricInterpretation="MONOCHROME1")
    np.testing.assert_array_equal(LoadRadiologyImage(windows="raw")(path)[0], stored.astype(float) - 1024)
    path = write_dicom(np.tile(np.array(COLOR, dtype=np.uint8), (2, 3, 1)), PhotometricInterpretation="RGB")
    np.testing.assert_array_equal(LoadRadiologyImage(3, "raw")(path)[:, 1, 2], COLOR)
    np.testing.assert_allclose(LoadRadiologyImage(windows="raw")(path), np.full((1, 2, 3), 255 * LUMINANCE), rtol=1e-6)


def test_with_resized_cache_and_loader(tmp_path, write_dicom):
    paths = [
        save_picture(tmp_path, Image.new("RGB", (40, 30), COLOR)),
        write_dicom(np.full((20, 50), 128, dtype=np.uint8), Modality="OT"),
    ]
    data = [{"image": str(path), "label": index} for index, path in enumerate(paths)]
    transform = Compose([LoadRadiologyImaged("image"), Resized("image", spatial_size=(8, 8), mode="area")])
    dataset = CacheDataset(data, transform, num_workers=2, progress=False)
    batch = next(iter(DataLoader(dataset, batch_size=2)))
    assert batch["image"].shape == (2, 1, 8, 8)
    np.testing.assert_allclose(batch["image"][0], np.full((1, 8, 8), LUMINANCE), atol=1e-5)
    np.testing.assert_allclose(batch["image"][1], np.full((1, 8, 8), 128 / 255), atol=1e-5)
    assert data[0]["image"] == str(paths[0])


def test_resized_3d(tmp_path):
    path = save_nifti(tmp_path, np.arange(4 * 6 * 8, dtype=np.int16).reshape(4, 6, 8))
    resized = Resized("image", spatial_size=(2, 2, 2), mode="area")(LoadRadiologyImaged("image")({"image": path}))
    # with the same spacing everywhere, each output voxel is the mean of a 2 x 3 x 4 block
    blocks = LoadRadiologyImage()(path).reshape(2, 2, 2, 3, 2, 4).mean(dim=(1, 3, 5))
    np.testing.assert_allclose(resized["image"][0], blocks, atol=1e-6)
    assert not isinstance(LoadRadiologyImaged("image")({"image": path})["image"], MetaTensor)


def test_missing_keys(tmp_path):
    with pytest.raises(KeyError):
        LoadRadiologyImaged("image")({})
    assert LoadRadiologyImaged("image", allow_missing_keys=True)({"label": 1}) == {"label": 1}


def test_every_real_dicom_loads_or_says_why(real_images):
    folder = real_images / "dicom_variety"
    with (folder / "index.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    errors = []
    for row in rows:
        try:
            image = LoadRadiologyImage()(folder / row["file"])
        except InputError as error:
            errors.append((str(folder / row["file"]), str(error)))
            continue
        check(image, (1, *image.shape[1:]))
    assert all(message.startswith(f"{path}: ") for path, message in errors)
    # Beside files without an image, those of CT without a window, which "auto" refuses.
    assert len(errors) < 0.25 * len(rows)


def test_real_ct_slices_have_contrast(real_images):
    for path in sorted((real_images / "rsna_ich").glob("*.dcm")):
        image = LoadRadiologyImage(windows=["header", "brain", "subdural", "bone"])(path)
        check(image, (4, 512, 512))
        assert torch.all(image.std(dim=(1, 2)) > 0.01)


@pytest.mark.parametrize("pattern", ["nih14_64/images/*.png", "head_ct/head_ct/*.png"])
def test_real_pictures_load(real_images, pattern):
    paths = sorted(real_images.glob(pattern))
    assert paths
    for path in paths:
        image = LoadRadiologyImage()(path)
        check(image, (1, *Image.open(path).size[::-1]))


def test_real_nifti_volumes_load(real_images):
    for path in sorted((real_images / "hippocampus" / "imagesTr").glob("*.nii.gz"))[:20]:
        image = LoadRadiologyImage()(path)
        check(image, (1, *nib.as_closest_canonical(nib.load(path)).shape))
        assert image.std() > 0.1
