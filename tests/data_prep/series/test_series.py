"""DICOM series to volumes, on small series that the tests write and on a real one."""

import csv
import math
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pydicom
import pytest
from pydicom.dataset import FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

from data_prep.__main__ import main
from data_prep.records import Rejects
from data_prep.series import volumes as series
from data_prep.workers.pool import run_jobs
from monai_ssl.data import DataList
from monai_ssl.errors import InputError
from monai_ssl.readers.listing import list_images

SALT = bytes(32)
ROWS, COLUMNS = 3, 4
AXIAL = (1, 0, 0, 0, 1, 0)
UID = "1.2.3.4.5"


def write_slice(path: Path, position: Any, value: int = 0, **tags: Any) -> None:
    """A slice of 3 x 4 pixels ``value`` to ``value + 11``; tags replace what is here, and None leaves one away."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.arange(value, value + ROWS * COLUMNS, dtype="<i2")
    known = {
        "SOPClassUID": CTImageStorage,
        "SOPInstanceUID": generate_uid(),
        "SeriesInstanceUID": UID,
        "PatientID": "SECRET",
        "PatientName": "SECRET^NAME",
        "Modality": "CT",
        "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
        "ImagePositionPatient": None if position is None else [round(float(x), 6) for x in position],
        "ImageOrientationPatient": list(AXIAL),
        "PixelSpacing": [0.5, 0.25],
        "SliceThickness": 9,
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "Rows": ROWS,
        "Columns": COLUMNS,
        "BitsAllocated": 16,
        "BitsStored": 16,
        "HighBit": 15,
        "PixelRepresentation": 1,
        "RescaleSlope": 1,
        "RescaleIntercept": -1000,
        "PixelData": pixels.tobytes(),
    } | tags
    dataset = pydicom.Dataset()
    for keyword, content in known.items():
        if content is not None:
            setattr(dataset, keyword, content)
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.save_as(path, enforce_file_format=True)


def write_axial(folder: Path, levels: Any, start: int = 0, **tags: Any) -> None:
    """Slices at these levels; names run against them, and so do instance numbers."""
    for index, level in enumerate(levels):
        name = f"{900 - start - index}.dcm"
        write_slice(folder / name, (-5, -7, level), 100 * (start + index), InstanceNumber=50 - index, **tags)


class Made:
    """What a conversion gives."""

    def __init__(self, source: Path, output: Path, strict: bool = False) -> None:
        self.rejects = Rejects(strict)
        self.volumes = series.series_to_volumes(
            source, list_images(source), output=output, salt=SALT, workers=1, rejects=self.rejects
        )
        self.names = [volume.name for volume in self.volumes]
        self.images = [nibabel.load(volume.path) for volume in self.volumes]
        self.arrays = [np.asarray(image.dataobj) for image in self.images]
        with (output / "series.csv").open(newline="") as file:
            self.report = list(csv.DictReader(file))
        self.reasons = {item.path: item.reason for item in self.rejects.found}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return tmp_path / "source"


@pytest.fixture
def make(tmp_path, source, monkeypatch):
    """Convert the source in this process, which is quicker; one test does it in others."""

    def run_here(function, jobs, **_):
        for job in jobs:
            try:
                yield function(job)
            except InputError as error:
                yield error

    monkeypatch.setattr(series, "run_jobs", run_here)
    return lambda **options: Made(source, tmp_path / "out", **options)


def test_values_places_and_report(source, make):
    write_axial(source / "case", (10, 12, 14))
    made = make()
    assert made.names == ["case"]
    (volume,) = made.volumes
    assert (volume.patient, volume.modality) == ("SECRET", "CT")
    assert made.arrays[0].dtype == np.int16
    assert made.arrays[0].shape == (COLUMNS, ROWS, 3)
    # Column 1, row 2 of the slice at 14: stored 200 + 2 * 4 + 1.
    assert made.arrays[0][1, 2, 2] == 209 - 1000
    assert made.arrays[0][:, 0, 0].tolist() == [-1000, -999, -998, -997]
    np.testing.assert_array_equal(
        made.images[0].affine, [[-0.25, 0, 0, 5], [0, -0.5, 0, 7], [0, 0, 2, 10], [0, 0, 0, 1]]
    )
    columns = "volume,files,slices,spacing_x_mm,spacing_y_mm,spacing_z_mm,orientation,tilt_degrees,uneven_mm"
    cells = [volume.path.name, "3", "3", "0.25", "0.5", "2", "LPS", "0.00", "0.000"]
    expected = dict(zip(columns.split(","), cells, strict=True))
    assert made.report == [expected | {"missing_slices": "0", "notes": ""}]
    assert made.reasons == {}


def test_nothing_tells_the_patient(source, make, tmp_path):
    write_axial(source / "SECRET", (0, 1, 2))
    make()
    written = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert len(written) == 2
    for path in written:
        assert "SECRET" not in str(path)
        content = path.read_bytes() if path.suffix == ".csv" else nibabel.load(path).header.binaryblock
        assert b"SECRET" not in content
        assert UID.encode() not in content


def test_in_worker_processes(source, tmp_path):
    assert series.run_jobs is run_jobs
    write_axial(source / "good", (0, 1, 2))
    write_axial(source / "bad", (0, 1, 3), SeriesInstanceUID="1.2.3.9")
    made = Made(source, tmp_path / "out")
    assert made.names == ["good"]
    assert made.reasons == {
        "bad": "the slices are unevenly spaced, as gaps are 1 to 2 mm and steps differ by up to 0.5 mm"
    }


def test_an_unchanged_series_is_not_written_again(source, make):
    write_axial(source / "case", (0, 1, 2))
    write_slice(source / "case/copy.dcm", (-5, -7, 2), 200)
    first = make()
    path = first.volumes[0].path
    written = path.stat().st_mtime_ns
    again = make()
    assert again.volumes == first.volumes
    assert again.report == first.report
    assert path.stat().st_mtime_ns == written
    write_slice(source / "case/899.dcm", (-5, -7, 1), 1234)
    changed = make()
    assert changed.volumes[0].path != path
    assert changed.arrays[0][0, 0, 1] == 234


def test_series_of_a_folder(source, make):
    write_axial(source / "case", (0, 1, 2), start=0, SeriesInstanceUID="1.1")
    write_axial(source / "case", (0, 1, 2, 3), start=10, SeriesInstanceUID="1.2")
    write_axial(source, (0, 1, 2, 3, 4), start=20, SeriesInstanceUID="1.3", PatientID=None)
    made = make()
    # By the first file of each: 876.dcm in the source itself, case/887.dcm, case/898.dcm.
    assert made.names == ["source", "case", "case#2"]
    assert [array.shape[2] for array in made.arrays] == [5, 4, 3]
    assert [volume.patient for volume in made.volumes] == [None, "SECRET", "SECRET"]


def test_a_series_that_is_set_aside_keeps_its_number(source, make):
    write_axial(source / "case", (0, 1, 4), start=10, SeriesInstanceUID="1.1")
    write_axial(source / "case", (0, 1, 2), start=0, SeriesInstanceUID="1.2")
    made = make()
    assert made.names == ["case#2"]
    assert list(made.reasons) == ["case"]
    assert [bool(row["volume"]) for row in made.report] == [False, True]


def test_a_series_in_two_folders_is_one(source, make):
    write_axial(source / "case/1", (0, 1))
    write_axial(source / "case/2", (2, 3))
    made = make()
    assert made.names == ["case"]
    assert made.arrays[0].shape[2] == 4


def test_one_uid_for_everything(source, make):
    """As careless pseudonymisation leaves it."""
    write_axial(source / "a", (0, 1, 2), start=0)
    write_axial(source / "b", (0, 1, 2), start=10)
    write_axial(source / "c", (0, 1, 2), start=20, PatientID="OTHER")
    made = make()
    assert made.names == ["a", "b", "c"]
    assert [array[0, 0, 0] for array in made.arrays] == [-1000, 0, 1000]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"EchoNumbers": 1}, {"EchoNumbers": 2}),
        ({"TemporalPositionIdentifier": 1}, {"TemporalPositionIdentifier": 2}),
        ({"AcquisitionNumber": 1}, {"AcquisitionNumber": 2}),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "M"]}, {"ImageType": ["ORIGINAL", "PRIMARY", "P"]}),
    ],
)
def test_volumes_in_one_place(source, make, one, other):
    write_axial(source / "case", (0, 1, 2, 3), start=10, **one)
    write_axial(source / "case", (0, 1, 2), start=0, **other)
    made = make()
    assert made.names == ["case", "case#2"]
    assert [array.shape[2] for array in made.arrays] == [4, 3]
    assert [array[0, 0, 0] for array in made.arrays] == [0, -1000]


def test_acquisitions_side_by_side_are_one_volume(source, make):
    for index in range(4):
        write_slice(source / f"case/{index}.dcm", (0, 0, index), AcquisitionNumber=index // 2)
    assert make().arrays[0].shape[2] == 4


def test_a_slice_that_is_there_twice(source, make):
    write_axial(source / "case", (0, 1, 2))
    write_slice(source / "case/copy.dcm", (-5, -7, 2), 200, AcquisitionNumber=7)
    made = make()
    assert made.arrays[0].shape[2] == 3
    assert (made.report[0]["files"], made.report[0]["slices"]) == ("4", "3")
    assert made.report[0]["notes"] == "slices that are there again and not used: 1"


def test_different_slices_in_one_place(source, make):
    write_axial(source / "case", (0, 1, 2))
    write_slice(source / "case/copy.dcm", (-5, -7, 2), 201)
    made = make()
    assert made.volumes == []
    assert made.reasons == {"case": "slices in one place differ, and nothing tells them apart"}


def test_scouts(source, make):
    write_axial(source / "case", (0, 1, 2))
    write_slice(source / "case/scout.dcm", (0, 0, 9), ImageOrientationPatient=[0, 1, 0, 0, 0, -1])
    write_slice(source / "case/localizer.dcm", (0, 0, 5), ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
    write_slice(source / "case/dose.dcm", (0, 0, 0), Modality="RTDOSE", SeriesInstanceUID="1.9")
    write_slice(source / "case/report.dcm", None, Rows=None, Columns=None, PixelData=None)
    made = make()
    assert made.arrays[0].shape[2] == 3
    assert made.report[0]["notes"] == "images of another size, direction or spacing that are left out: 1"
    assert made.reasons == {}


def test_missing_slices(source, make):
    write_axial(source / "case", (0, 1, 2, 4, 5))
    made = make()
    assert made.reasons == {"case": "slices seem to be missing (1 after slice 3), as gaps are 1 to 2 mm"}
    assert (made.report[0]["volume"], made.report[0]["missing_slices"]) == ("", "1")
    assert made.report[0]["notes"].startswith("set aside: slices seem to be missing")
    with pytest.raises(InputError, match="case: slices seem to be missing"):
        make(strict=True)


def test_small_unevenness_is_told_of(source, make):
    write_axial(source / "case", (0, 1, 2.05, 3))
    row = make().report[0]
    assert (row["uneven_mm"], row["notes"]) == ("0.050", "the steps between slices differ by up to 0.050 mm")


def test_without_positions(source, make):
    for number in (3, 5, 1):
        write_slice(source / f"case/{10 - number}.dcm", None, 100 * number, InstanceNumber=number)
    made = make()
    assert made.arrays[0][0, 0].tolist() == [-900, -700, -500]
    assert made.report[0]["spacing_z_mm"] == "9"
    assert made.report[0]["notes"].startswith("no positions: sorted by InstanceNumber")


def test_without_positions_a_number_left_out_is_a_missing_slice(source, make):
    for number in (1, 2, 4, 5):
        write_slice(source / f"case/{number}.dcm", None, InstanceNumber=number)
    assert make().reasons == {"case": "slices seem to be missing (1 after slice 2), as gaps are 9 to 18 mm"}


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        ({"ImagePositionPatient": None}, "the slices have neither positions nor numbers"),
        (
            {"ImagePositionPatient": None, "InstanceNumber": "level", "SliceThickness": None},
            "the slices have neither positions nor a spacing",
        ),
        ({"PixelSpacing": None}, "PixelSpacing is missing"),
        (
            {"ImageOrientationPatient": [1, 0, 0, 1, 0, 0]},
            "ImageOrientationPatient is no pair of unit vectors at right angles",
        ),
    ],
)
def test_what_is_no_volume(source, make, tags, reason):
    for level in range(3):
        own = {key: level if value == "level" else value for key, value in tags.items()}
        write_slice(source / f"case/{level}.dcm", (0, 0, level), **own)
    made = make()
    assert (made.volumes, made.reasons) == ([], {"case": reason})


@pytest.mark.parametrize(
    ("step", "orientation", "plane"),
    [((0, 0, 2), "LPS", "axial"), ((-2, 0, 0), "PIR", "sagittal"), ((0, 2, 0), "LIP", "coronal")],
)
def test_without_orientation(source, make, step, orientation, plane):
    """Numbers and names run against the positions, which go as the normal of the usual plane does."""
    for index in range(4):
        position = [index * length for length in step]
        tags = {"ImageOrientationPatient": None, "InstanceNumber": 9 - index}
        write_slice(source / f"case/{9 - index}.dcm", position, 100 * index, **tags)
    made = make()
    assert made.arrays[0][0, 0].tolist() == [-1000, -900, -800, -700]
    assert (made.report[0]["orientation"], made.report[0]["spacing_z_mm"]) == (orientation, "2")
    note = f"no orientation: sorted by position; that slices are {plane}, the usual way round, is a guess"
    assert made.report[0]["notes"] == note


def test_without_orientation_and_not_on_a_line(source, make):
    for index, position in enumerate([(0, 0, 0), (1, 0, 2), (0, 0, 4), (1, 0, 6)]):
        write_slice(source / f"case/{index}.dcm", position, ImageOrientationPatient=None)
    reason = "the slices have no orientation, and their positions are not on a line"
    assert make().reasons == {"case": reason}


def test_names_of_series_are_unique(source, make):
    write_axial(source / "case", (0, 1, 2), start=0, SeriesInstanceUID="1.1")
    write_axial(source / "case", (0, 1, 2), start=10, SeriesInstanceUID="1.2")
    write_axial(source / "case#2", (0, 1, 2), start=20, SeriesInstanceUID="1.3")
    assert sorted(make().names) == ["case", "case#2", "case#3"]


@pytest.mark.parametrize("folder", ["MRN: 4711 Doe", "4711 Doe"])
def test_the_report_has_no_names_of_folders(source, make, folder):
    write_axial(source / folder, (0, 1, 2))
    write_slice(source / folder / "900.dcm", (-5, -7, 0), PixelData=b"\0\0")
    write_axial(source / f"{folder} 2", (0, 1, 4), start=10, SeriesInstanceUID="1.2")
    made = make()
    notes = " ".join(row["notes"] for row in made.report)
    assert "set aside" in notes
    assert not any(word in notes for word in ("4711", "Doe", "MRN", ".dcm"))
    assert not any("4711" in reason for reason in made.reasons.values())


def test_several_modalities(source, tmp_path, capsys):
    write_axial(source / "ct", (0, 1, 2), start=0, SeriesInstanceUID="1.1")
    write_axial(source / "pt", (0, 1, 2), start=10, SeriesInstanceUID="1.2", Modality="PT")
    (tmp_path / "labels.csv").write_text("image,edema\nct,0\npt,1\n")
    options = [f"--source={source}", f"--output={tmp_path / 'out'}", f"--labels={tmp_path / 'labels.csv'}"]
    assert main(["folder", *options, "--series", "--workers=1"]) == 2
    assert "the series are of several modalities (CT, PT). Give --modality" in capsys.readouterr().err


def test_some_without_position(source, make):
    write_axial(source / "case", (0, 1, 2))
    write_slice(source / "case/4.dcm", None, InstanceNumber=4)
    assert make().reasons == {"case": "some slices have no position (1 of 4)"}


def test_too_few(source, make):
    write_axial(source / "case", (0, 1))
    assert make().reasons == {"case/899.dcm": "there are fewer than 3 slices (2)"}


def test_a_tilt_of_the_header_alone_is_told_of(source, make):
    write_axial(source / "case", (0, 1, 2), GantryDetectorTilt=-12.5)
    assert (
        make().report[0]["notes"] == "the header tells of a gantry tilt of 12.50 degrees, which positions do not show"
    )


def test_a_damaged_header_is_not_quoted(source, make):
    write_axial(source / "case", (0, 1, 2))
    path = source / "case/900.dcm"
    path.write_bytes(path.read_bytes().replace(b"0.5\\0.25", b"SEC\\RET!"))
    made = make()
    assert list(made.reasons) == ["case/900.dcm", "case/898.dcm"]
    assert made.reasons["case/900.dcm"] == "the DICOM header makes no sense: PixelSpacing is not a number"


def test_bad_files(source, make):
    write_axial(source / "case", (0, 1, 2))
    (source / "case/x.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    write_slice(source / "case/color.dcm", (0, 0, 1), SamplesPerPixel=3, PhotometricInterpretation="RGB")
    write_slice(source / "case/odd.dcm", (0, 0, 1), PixelSpacing=[1, 1, 1])
    made = make()
    assert made.names == ["case"]
    assert made.reasons == {
        "case/x.png": "this is no DICOM file",
        "case/color.dcm": "an image in colour is no slice of a volume",
        "case/odd.dcm": "the DICOM header makes no sense: PixelSpacing has not 2 numbers",
    }


def test_pixels_that_are_cut_short(source, make):
    write_axial(source / "case", (0, 1, 2))
    write_slice(source / "case/900.dcm", (-5, -7, 0), PixelData=b"\0\0")
    made = make()
    assert made.volumes == []
    assert list(made.reasons) == ["case"]
    assert "cut short" in made.reasons["case"]


def test_rescale_of_each_slice(source, make):
    """As PET has it."""
    for level in range(3):
        write_slice(source / f"case/{level}.dcm", (0, 0, level), 10, RescaleSlope=0.5 + level, RescaleIntercept=level)
    (array,) = make().arrays
    assert array.dtype == np.float32
    assert array[1, 0].tolist() == [5.5, 17.5, 29.5]


def test_whole_numbers_beyond_16_bits(source, make):
    for level, intercept in enumerate((0, 0, 40000)):
        write_slice(source / f"case/{level}.dcm", (0, 0, level), RescaleIntercept=intercept)
    (array,) = make().arrays
    assert array.dtype == np.int32
    assert array[3, 0].tolist() == [3, 3, 40003]


def test_padding_is_as_low_as_the_rest(source, make):
    pixels = np.full(ROWS * COLUMNS, 63536, dtype="<u2")
    pixels[5:] = 30
    for level in range(3):
        own = pixels + np.uint16(level) * (pixels == 30)
        write_slice(
            source / f"case/{level}.dcm",
            (0, 0, level),
            PixelRepresentation=0,
            PixelPaddingValue=63536,
            PixelData=own.astype("<u2").tobytes(),
        )
    (array,) = make().arrays
    assert array[0, 0].tolist() == [-970, -970, -970]
    assert array[3, 2].tolist() == [-970, -969, -968]


def test_inverted_files_are_told_of(source, make):
    write_axial(source / "case", (0, 1, 2), PhotometricInterpretation="MONOCHROME1")
    made = make()
    assert made.arrays[0][0, 0, 0] == -1000
    assert "MONOCHROME1" in made.report[0]["notes"]


def multi_frame(levels: Any) -> dict[str, Any]:
    """Tags of an enhanced object with a frame at each level, and the values of :func:`write_slice` by 100."""
    groups = []
    for level in levels:
        place, group = pydicom.Dataset(), pydicom.Dataset()
        place.ImagePositionPatient = [-5, -7, level]
        group.PlanePositionSequence = [place]
        groups.append(group)
    measures, plane, shared = pydicom.Dataset(), pydicom.Dataset(), pydicom.Dataset()
    measures.PixelSpacing = [0.5, 0.25]
    plane.ImageOrientationPatient = list(AXIAL)
    shared.PixelMeasuresSequence, shared.PlaneOrientationSequence = [measures], [plane]
    pixels = np.concatenate([np.arange(12, dtype="<i2") + 100 * index for index in range(len(groups))])
    return {
        "NumberOfFrames": len(groups),
        "PerFrameFunctionalGroupsSequence": groups,
        "SharedFunctionalGroupsSequence": [shared],
        "PixelData": pixels.tobytes(),
        "ImageOrientationPatient": None,
        "PixelSpacing": None,
    }


def test_multi_frame_objects_are_volumes_of_their_own(source, make):
    write_slice(source / "case/1.dcm", None, **multi_frame((4, 2, 0)))
    write_slice(source / "case/2.dcm", None, **multi_frame((0, 3, 6, 9)))
    made = make()
    assert made.names == ["case", "case#2"]
    assert made.arrays[0][0, 0].tolist() == [-800, -900, -1000]
    assert made.arrays[1][0, 0].tolist() == [-1000, -900, -800, -700]
    np.testing.assert_array_equal(
        made.images[0].affine, [[-0.25, 0, 0, 5], [0, -0.5, 0, 7], [0, 0, 2, 0], [0, 0, 0, 1]]
    )
    assert (made.report[1]["files"], made.report[1]["slices"]) == ("1", "4")


@pytest.mark.parametrize("levels", [(0, 0, 0), (0, 1, 0, 1)])
def test_frames_that_are_no_volume(source, make, levels):
    write_slice(source / "case/1.dcm", None, **multi_frame(levels))
    made = make()
    assert made.volumes == []
    assert "in one place" in next(iter(made.reasons.values()))


def test_film(source, make):
    write_slice(source / "1.dcm", None, NumberOfFrames=3, PixelData=bytes(72))
    assert make().reasons == {"source": "the frames of this object have no positions, as those of a film"}


TILT = math.radians(12)
OBLIQUE = np.linalg.qr(np.array([[1, 0.2, -0.1], [0.1, 1, 0.3], [0.2, -0.2, 1]]))[0].T
STACKS = {
    "axial": (AXIAL, (0, 0, 2.5)),
    "reversed": (AXIAL, (0, 0, -2.5)),
    "sagittal": ((0, 1, 0, 0, 0, -1), (1.5, 0, 0)),
    "coronal": ((1, 0, 0, 0, 0, -1), (0, 1.5, 0)),
    "oblique": ((*OBLIQUE[0], *OBLIQUE[1]), 3 * np.cross(OBLIQUE[0], OBLIQUE[1])),
    "tilted": ((1, 0, 0, 0, math.cos(TILT), -math.sin(TILT)), (0, 0, 5)),
}


def read_with_itk(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """The values (column, row, slice) of a series, and its affine in RAS, as ITK and GDCM have them."""
    itk = pytest.importorskip("itk")
    names = itk.GDCMSeriesFileNames.New()
    names.SetUseSeriesDetails(False)
    names.SetDirectory(str(folder))
    reader = itk.ImageSeriesReader[itk.Image[itk.F, 3]].New()
    reader.SetImageIO(itk.GDCMImageIO.New())
    reader.SetFileNames(names.GetFileNames(names.GetSeriesUIDs()[0]))
    reader.ForceOrthogonalDirectionOff()
    reader.Update()
    image = reader.GetOutput()
    corners = [image.TransformIndexToPhysicalPoint(index) for index in ([0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1])]
    origin, *ends = np.array([list(corner) for corner in corners])
    affine = np.eye(4)
    affine[:3] = np.column_stack([*(end - origin for end in ends), origin])
    return itk.array_from_image(image).transpose(2, 1, 0), np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine


@pytest.mark.parametrize("kind", STACKS)
def test_as_itk_reads_it(source, make, kind):
    orientation, step = STACKS[kind]
    for place, index in enumerate(np.random.default_rng(0).permutation(7).tolist()):
        position = np.array([-31.5, 12.25, 7]) + index * np.array(step)
        tags = {"ImageOrientationPatient": [round(float(x), 8) for x in orientation], "InstanceNumber": place}
        write_slice(source / f"case/{place}.dcm", position, 100 * index, **tags)
    made = make()
    values, affine = read_with_itk(source / "case")
    np.testing.assert_array_equal(made.arrays[0], values)
    np.testing.assert_allclose(made.images[0].affine, affine, atol=1e-4)
    assert made.report[0]["tilt_degrees"] == ("12.00" if kind == "tilted" else "0.00")
    assert ("shear" in made.report[0]["notes"]) == (kind == "tilted")


def test_from_the_command_line(source, tmp_path):
    """Labels are found by the folder of a series."""
    rng = np.random.default_rng(0)
    with (tmp_path / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerow(["image", "edema"])
        for case in range(20):
            for level in range(3):
                # The first pixel is the number of the case.
                pixels = np.array([case, *rng.integers(100, 999, ROWS * COLUMNS - 1)], dtype="<i2").tobytes()
                tags = {"SeriesInstanceUID": f"1.{case}", "PatientID": f"P{case}", "PixelData": pixels}
                write_slice(source / f"case{case}/{level}.dcm", (0, 0, level), **tags)
            csv.writer(file).writerow([f"case{case}", case % 2])
    output = tmp_path / "out"
    options = ["folder", f"--source={source}", f"--output={output}", f"--labels={tmp_path / 'labels.csv'}", "--series"]
    assert main([*options, "--workers=1", "--budget=0.5", "--validation_budget=1.0"]) == 0
    datalist = DataList.load(output)
    assert (datalist.spatial_dims, datalist.channels, datalist.modality) == (3, 1, "CT")
    entries = list(datalist.entries())
    assert len({entry["image"] for entry in entries}) == len({entry["patient"] for entry in entries}) == 20
    labeled = [(nibabel.load(entry["image"]).dataobj[0, 0, 0], entry["label"]) for entry in datalist.labeled]
    assert len(labeled) == 7
    assert all([(value + 1000) % 2] == label for value, label in labeled)


def test_real_series_as_itk_reads_it(real_images, tmp_path):
    folder = real_images / "mr_brain"
    made = Made(folder, tmp_path / "out")
    (name,) = made.names
    values, affine = read_with_itk(folder / name)
    assert values.shape == (34, 50, 40)
    np.testing.assert_array_equal(made.arrays[0], values)
    np.testing.assert_allclose(made.images[0].affine, affine, atol=1e-6)
    assert made.rejects.found == []
