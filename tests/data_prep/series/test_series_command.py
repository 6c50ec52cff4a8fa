"""``python -m data_prep series``: volumes without labels."""

import csv

from data_prep.__main__ import main
from monai_ssl.label.settings import read_settings
from tests.data_prep.series.test_series import write_axial


def patients(folder):
    with (folder / "patients.csv").open(newline="") as file:
        return {row["image"]: row["patient"] for row in csv.DictReader(file)}


def test_volumes_and_their_patients(tmp_path, capsys):
    source, output = tmp_path / "source", tmp_path / "out"
    for number, patient in enumerate(["DOE", "DOE", "ROE", ""], start=1):
        write_axial(source / f"case{number}", (0, 2, 4), SeriesInstanceUID=f"1.2.{number}", PatientID=patient)
    (source / "bad.dcm").touch()
    arguments = ["series", f"--source={source}", f"--output={output}", "--workers=1"]
    assert main(arguments) == 0
    volumes = {path.name for path in (output / "images").iterdir()}
    assert len(volumes) == 4
    known = patients(output)
    assert len(known) == 3
    assert set(known) < volumes
    assert sorted(list(known.values()).count(one) for one in set(known.values())) == [1, 2]
    assert "OE" not in "".join((output / name).read_text() for name in ("patients.csv", "series.csv"))
    assert "bad.dcm" in (output / "rejected.csv").read_text()
    # The server takes the table; a second run adds what is new and leaves the rest.
    told = read_settings({"models": "all", "patients": str(output / "patients.csv")}).patients
    assert {f"{name}.nii.gz": patient for name, patient in told.items()} == known
    times = {path.name: path.stat().st_mtime_ns for path in (output / "images").iterdir()}
    write_axial(source / "case5", (0, 2, 4), SeriesInstanceUID="1.2.5", PatientID="ROE")
    assert main(arguments) == 0
    assert known.items() < patients(output).items()
    assert len(patients(output)) == 4
    assert times.items() <= {path.name: path.stat().st_mtime_ns for path in (output / "images").iterdir()}.items()


def test_nothing_to_convert(tmp_path, capsys):
    (tmp_path / "source").mkdir()
    assert main(["series", f"--source={tmp_path / 'source'}", f"--output={tmp_path / 'out'}"]) == 2
    assert "holds no DICOM" in capsys.readouterr().err
    write_axial(tmp_path / "source" / "one", (0,))
    assert main(["series", f"--source={tmp_path / 'source'}", f"--output={tmp_path / 'out'}", "--workers=1"]) == 2
    assert "no series here makes a volume; rejected.csv" in capsys.readouterr().err
    assert (tmp_path / "out/rejected.csv").exists()
