from pathlib import Path

import pytest

from data_prep.datasets.rsna_labels import HEMORRHAGE_TYPES, BadRow, read_labels, scan_labels, write_labels
from monai_ssl.errors import InputError

ROWS = [
    "ID_000012eaf_epidural,0",
    "ID_000012eaf_intraparenchymal,1",
    "ID_000012eaf_intraventricular,0",
    "ID_000012eaf_subarachnoid,1",
    "ID_000012eaf_subdural,0",
    "ID_000012eaf_any,1",
]


def write(path: Path, *rows: str, header: str = "ID,Label") -> Path:
    path.write_text("\n".join((header, *rows)) + "\n", encoding="utf-8")
    return path


def test_read_labels_gives_the_types_in_their_fixed_order(tmp_path: Path) -> None:
    file = write(tmp_path / "labels.csv", *reversed(ROWS), *(row.replace("12eaf", "39fa0") for row in ROWS))
    assert HEMORRHAGE_TYPES == ("epidural", "intraparenchymal", "intraventricular", "subarachnoid", "subdural")
    assert read_labels(file) == {"ID_000012eaf": (0, 1, 0, 1, 0), "ID_000039fa0": (0, 1, 0, 1, 0)}


def test_repeated_rows_that_agree_are_accepted(tmp_path: Path) -> None:
    assert read_labels(write(tmp_path / "labels.csv", *ROWS, *ROWS)) == {"ID_000012eaf": (0, 1, 0, 1, 0)}


def test_windows_line_ends_and_byte_order_mark(tmp_path: Path) -> None:
    file = tmp_path / "labels.csv"
    file.write_bytes("\r\n".join(("\ufeffID,Label", *ROWS, "")).encode("utf-8"))
    assert list(read_labels(file)) == ["ID_000012eaf"]


def test_quoted_cells_spaces_and_empty_lines_are_read(tmp_path: Path) -> None:
    rows = [f'"{row.split(",")[0]}", {row.split(",")[1]} ' for row in ROWS]
    assert read_labels(write(tmp_path / "labels.csv", *rows, "")) == {"ID_000012eaf": (0, 1, 0, 1, 0)}


def test_scan_keeps_what_is_wrong_apart(tmp_path: Path) -> None:
    def rows(image: str) -> list[str]:
        return [row.replace("ID_000012eaf", image) for row in ROWS]

    wrong_any = [row.replace("any,1", "any,0") for row in rows("ID_3")]
    file = write(
        tmp_path / "labels.csv",
        *rows("ID_1"),
        "ID_2_epidural,1",
        *wrong_any,
        *rows("ID_4"),
        "ID_4_epidural,1",
        "ID_4_epidural,1",
        *rows("ID_5"),
        "ID_5_subdural,7",
        "what,is,this",
        *rows("ID_6"),
    )
    labels, bad = scan_labels(file)
    assert labels == {"ID_1": (0, 1, 0, 1, 0, 1), "ID_6": (0, 1, 0, 1, 0, 1)}
    assert [(row.line, row.image) for row in bad] == [
        (21, "ID_4"),
        (22, "ID_4"),
        (29, "ID_5"),
        (30, ""),
        (0, "ID_2"),
        (0, "ID_3"),
    ]
    assert bad[2] == BadRow(29, "ID_5", "the label is neither 0 nor 1", "Correct this row.")
    assert bad[4].reason == "there is no row for intraparenchymal, intraventricular, subarachnoid, subdural, any"


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([*ROWS, "ID_000012eaf_subdural,1"], "line 8: this row contradicts"),
        (ROWS[1:], "no row for epidural"),
        (ROWS[:-1], "no row for any"),
        ([*ROWS[:-1], "ID_000012eaf_any,0"], "any=0"),
        ([*ROWS[:-1], "ID_000012eaf_any,2"], "line 7: the label is neither"),
        ([*ROWS[:-1], "ID_000012eaf_any,"], "line 7: the label is neither"),
        ([*ROWS, "ID_000012eaf_contusion,0"], "line 8: this is not a row"),
        ([*ROWS, "ID_000012eaf_any,1,1"], "line 8: this is not a row"),
        ([], "no label"),
    ],
)
def test_wrong_rows(tmp_path: Path, rows: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        read_labels(write(tmp_path / "labels.csv", *rows))
    assert "labels.csv" in str(caught.value)


def test_other_columns_and_unreadable_files(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="columns are"):
        read_labels(write(tmp_path / "labels.csv", *ROWS, header="Image,Label"))
    with pytest.raises(InputError, match="cannot be read"):
        read_labels(tmp_path / "absent.csv")
    (tmp_path / "binary.csv").write_bytes(b"ID,Label\n\xff\xfe\n")
    with pytest.raises(InputError, match="cannot be read"):
        read_labels(tmp_path / "binary.csv")


def test_write_labels_writes_the_form_of_the_challenge(tmp_path: Path) -> None:
    file = tmp_path / "labels.csv"
    write_labels(file, {"ID_000012eaf": (0, 1, 0, 1, 0)})
    assert file.read_text(encoding="utf-8") == "\n".join(("ID,Label", *ROWS)) + "\n"


@pytest.mark.parametrize("labels", [{"slice1": (0, 0, 0, 0, 0)}, {"ID_1": (0, 0, 0, 0)}, {"ID_1": (0, 0, 0, 0, 2)}])
def test_write_labels_checks_its_input(tmp_path: Path, labels: dict[str, tuple[int, ...]]) -> None:
    with pytest.raises(InputError, match=r"labels\.csv"):
        write_labels(tmp_path / "labels.csv", labels)
    assert not list(tmp_path.iterdir())
