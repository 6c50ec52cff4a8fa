"""What all data sets share, on records that the tests make."""

import argparse
import csv
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_prep.__main__ import main
from data_prep.pipeline.options import add_source_arguments
from data_prep.pipeline.prepare import run_source
from data_prep.records import Record, Rejects, Source, split_message
from monai_ssl.data import DataList
from monai_ssl.errors import InputError


def picture(path: Path, seed: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (5, 6), dtype=np.uint8)).save(path)
    return path


def records(folder: Path, count: int = 20) -> list[Record]:
    return [
        Record(picture(folder / f"{index:02d}.png", index), f"{index:02d}.png", label=index % 2, patient=f"REAL{index}")
        for index in range(count)
    ]


def prepare(listed: list[Record], folder: Path, *arguments: str) -> DataList:
    parser = argparse.ArgumentParser()
    add_source_arguments(parser)
    options = parser.parse_args([f"--source={folder / 'in'}", f"--output={folder / 'out'}", "--workers=1", *arguments])
    options.command = "test"
    run_source(lambda options, rejects: Source("a set", "multiclass", ["a", "b"], listed), options)
    return DataList.load(folder / "out")


def test_copies_follow_their_originals(tmp_path: Path) -> None:
    """The files of another site under the same names, and a patient who was mended."""
    one = prepare(records(tmp_path / "in"), tmp_path, "--copy")
    for index in range(20):
        picture(tmp_path / f"in/{index:02d}.png", 100 + index)
    listed = [Record(tmp_path / f"in/{i:02d}.png", f"{i:02d}.png", label=i % 2) for i in range(20)]
    two = prepare(listed, tmp_path, "--copy", "--overwrite")
    pixels = [
        {np.asarray(Image.open(entry["image"])).tobytes() for entry in datalist.entries()} for datalist in (one, two)
    ]
    assert not pixels[0] & pixels[1]


@pytest.mark.parametrize("place", ["out/in", "out/images"])
def test_originals_below_the_output_are_copied_too(tmp_path: Path, place: str) -> None:
    listed = records(tmp_path / place)
    datalist = prepare(listed, tmp_path, "--copy")
    originals = {str(record.image) for record in listed}
    assert not originals & {entry["image"] for entry in datalist.entries()}


def test_the_output_is_not_the_source(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the folder of the data set itself"):
        prepare(records(tmp_path / "in"), tmp_path, f"--output={tmp_path / 'in'}")


def test_names_that_are_not_text_are_set_aside(tmp_path: Path) -> None:
    listed = records(tmp_path / "in")
    odd = Path(os.fsdecode(bytes(tmp_path / "in") + b"/M\xfcller.png"))
    picture(tmp_path / "in/x.png", 99).rename(odd)
    datalist = prepare([*listed, Record(odd, odd.name, label=1)], tmp_path, "--budget=1.0", "--validation_budget=1.0")
    assert sum(1 for _ in datalist.entries()) == 20
    rows = list(csv.DictReader((tmp_path / "out/rejected.csv").open()))
    assert [(row["path"], row["reason"]) for row in rows] == [
        ("M\\udcfcller.png", "the name of this file is not in UTF-8")
    ]


def test_what_was_set_aside_is_listed_after_an_error_too(tmp_path: Path) -> None:
    parser = argparse.ArgumentParser()
    add_source_arguments(parser)
    options = parser.parse_args([f"--source={tmp_path / 'in'}", f"--output={tmp_path / 'out'}", "--copy"])

    def read(options: argparse.Namespace, rejects: Rejects) -> Source:
        rejects.add("a.png", "it is bad", "Mend it.")
        raise InputError("labels.csv: all is bad. Mend it.")

    with pytest.raises(InputError, match="all is bad"):
        run_source(read, options)
    assert "a.png,it is bad,Mend it." in (tmp_path / "out.rejected.csv").read_text()


def test_no_file_is_two_images(tmp_path: Path) -> None:
    listed = records(tmp_path / "in")
    with pytest.raises(InputError, match=r"a set: 00\.png and twin are the same image. Keep one of them"):
        prepare([*listed, Record(listed[0].image, "twin", label=1)], tmp_path)


def test_lists_of_earlier_calls_are_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    listed = records(tmp_path / "in")
    prepare(listed, tmp_path)
    assert "earlier calls" not in caplog.text
    prepare(listed, tmp_path, "--budget=0.1,0.2")
    assert "holds data lists of earlier calls too (out)" in caplog.text


def test_an_identifier_in_the_path_of_the_source_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    listed = [
        Record(picture(tmp_path / f"in/{i}.png", i), f"{i}.png", i % 2, patient="in" if i else None) for i in range(9)
    ]
    listed += [
        Record(picture(tmp_path / f"in/REAL77/{i}.png", i), f"{i}.png", i % 2, None, "REAL77") for i in range(20, 29)
    ]
    prepare(listed, tmp_path, "--fractions=0.4,0.3,0.3")
    assert "The paths of 9 images contain the identifier" in caplog.text
    assert "REAL77" not in caplog.text


def test_paths_with_a_colon() -> None:
    error = "/data/MRN: 4711/a.png: this picture cannot be read (OSError). Copy it again."
    assert split_message(error, "MRN: 4711/a.png") == ("this picture cannot be read (OSError)", "Copy it again.")
    assert split_message("a.png: it is bad. Mend it.") == ("it is bad", "Mend it.")


def test_interrupted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def stop(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("data_prep.pipeline.prepare.run_source", stop)
    assert main(["mnist", f"--source={tmp_path}", f"--output={tmp_path / 'out'}"]) == 130
    assert "goes on where it was" in capsys.readouterr().err
