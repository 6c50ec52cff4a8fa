"""Reading tables, labels and matching rows with images."""

from pathlib import Path

import pytest

from data_prep.folder.labels import Labels, guess_format, read_labels
from data_prep.folder.matching import ImageIndex, match_rows
from data_prep.folder.roles import Roles, find_roles
from data_prep.folder.tables import BadRow, read_table
from monai_ssl.errors import InputError

MISSING = frozenset({"", "nan", "-1"})


def roles_of(path: Path, **given: object) -> Roles:
    options = {"image_column": None, "patient_column": None, "split_column": None, "label_columns": None}
    return find_roles(read_table(path), missing=MISSING, **(options | given))  # type: ignore[arg-type]


def labels_of(path: Path, *columns: str, label_format: str | None = None, task: str | None = None) -> Labels:
    table = read_table(path)
    words = {"missing": MISSING, "separator": "|", "negative": "No Finding"}
    label_format = label_format or guess_format(table, columns, **words)  # type: ignore[arg-type]
    return read_labels(table, columns, label_format=label_format, task=task, **words)  # type: ignore[arg-type]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "labels.csv"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("id,hemorrhage\n0,1\n", Roles("id", None, None, ("hemorrhage",))),
        (
            "Image Index,Finding Labels,Follow-up #,Patient ID,Size[x,y],\na.png,Mass|Edema,0,7,1,2,\n",
            Roles("Image Index", "Patient ID", None, ("Finding Labels",)),
        ),
        ("image,MEL,NV\na,1.0,0.0\nb,0.0,1.0\n", Roles("image", None, None, ("MEL", "NV"))),
        ("image_id;subject_id;dx;age\na;s;bkl;80\n", Roles("image_id", "subject_id", None, ("dx",))),
        ("\ufeffPath\tlabel\na.png\t1\n", Roles("Path", None, None, ("label",))),
    ],
)
def test_roles(file: Path, text: str, expected: Roles) -> None:
    file.write_text(text, encoding="utf-8")
    assert roles_of(file) == expected


def test_roles_that_are_not_plain(file: Path) -> None:
    file.write_text("picture,edema\na,1\n")
    with pytest.raises(InputError, match=r"--image_column one of: picture, edema"):
        roles_of(file)
    assert roles_of(file, image_column="picture").labels == ("edema",)
    with pytest.raises(InputError, match=r"no column 'pic'.*--image_column one of: picture, edema"):
        roles_of(file, image_column="pic")
    file.write_text("image,file,edema\na,a.png,1\n")
    with pytest.raises(InputError, match=r"image and file may each be meant\. Give --image_column"):
        roles_of(file)
    file.write_text("Path,Age,Edema,Mass\na,80,1,0\n")
    with pytest.raises(InputError, match=r"only Edema, Mass hold 0 and 1\. Give --label_columns"):
        roles_of(file)
    with pytest.raises(InputError, match="one column is used for two things"):
        roles_of(file, patient_column="Path", label_columns=["Edema"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,edema\n", "no rows"),
        ("", "no rows"),
        ("id,id\n1,2\n", "occurs twice"),
        ("id,edema\n1\n", "line 2: this row has 1 cells"),
        ("id,edema\n1,0,0\n", "line 2: this row has 3 cells"),
        ('id,edema\n"1,0\n', "no CSV"),
    ],
)
def test_bad_tables(file: Path, text: str, message: str) -> None:
    file.write_text(text)
    with pytest.raises(InputError, match=message):
        read_table(file)


def test_unreadable_tables(file: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        read_table(file)
    file.write_bytes(b"id,name\n1,\xff\n")
    with pytest.raises(InputError, match="UTF-8"):
        read_table(file)


def test_one_hot(file: Path) -> None:
    file.write_text("id,a,b\n1,1,0.0\n2,,1\n3,-1,nan\n4,1.0,1\n")
    assert labels_of(file, "a", "b") == Labels("multilabel", ("a", "b"), [[1, 0], [-1, 1], [-1, -1], [1, 1]])


def test_one_hot_with_one_class_a_row_is_multiclass(file: Path) -> None:
    file.write_text("id,a,b,c\n1,0,1,0\n2,1,0,0\n")
    labels = labels_of(file, "a", "b", "c")
    assert labels.task == "multiclass"
    assert [labels.label(row) for row in range(2)] == [1, 0]
    assert labels_of(file, "a", "b", "c", task="multilabel").label(0) == [0, 1, 0]


def test_multiclass_with_missing(file: Path) -> None:
    file.write_text("id,a,b\n1,0,1\n2,,\n3,1,1\n")
    labels = labels_of(file, "a", "b", task="multiclass")
    assert [labels.label(row) for row in range(3)] == [1, -1, -1]
    assert {row: bad.reason for row, bad in labels.bad.items()} == {2: "this row does not mark exactly one class"}
    file.write_text("id,a,b\n1,0,1\n2,1,1\n3,1,1\n")
    with pytest.raises(InputError, match=r"line 3: this row does not mark exactly one class \(2 of 3 rows"):
        labels_of(file, "a", "b", task="multiclass")
    file.write_text("id,a,b\n1,0,1\n2,,\n")
    assert labels_of(file, "a", "b", task="multiclass").label(1) == -1


def test_class_name(file: Path) -> None:
    file.write_text("id,grade\n1,10\n2,9\n3,\n4,10\n")
    labels = labels_of(file, "grade")
    assert (labels.task, labels.names) == ("multiclass", ("9", "10"))
    assert [labels.label(row) for row in range(4)] == [1, 0, -1, 1]
    file.write_text("id,grade\n1,10\n")
    with pytest.raises(InputError, match="only one class"):
        labels_of(file, "grade")


def test_separated(file: Path) -> None:
    file.write_text("id,finding\n1,Mass|Edema\n2,No Finding\n3,\n4,nan\n5,Mass\n")
    labels = labels_of(file, "finding")
    assert (labels.task, labels.names) == ("multilabel", ("Edema", "Mass"))
    assert labels.rows == [[1, 1], [0, 0], [0, 0], [-1, -1], [0, 1]]
    file.write_text("id,finding\n1,Mass|No Finding\n")
    with pytest.raises(InputError, match="line 2: 'No Finding' stands beside a class"):
        labels_of(file, "finding")


def test_bad_labels(file: Path) -> None:
    file.write_text("id,a,b\n1,0,1\n2,2,0\n3,1,0\n")
    labels = labels_of(file, "a", "b")
    assert (labels.task, labels.rows) == ("multiclass", [[0, 1], [-1, -1], [1, 0]])
    assert {row: bad.reason for row, bad in labels.bad.items()} == {1: "the label a is neither 0 nor 1 nor missing"}
    file.write_text("id,a,b\n1,0,1\n2,2,0\n3,1,x\n")
    with pytest.raises(InputError, match=r"labels\.csv, line 3: the label a is neither 0 nor 1"):
        labels_of(file, "a", "b")
    with pytest.raises(InputError, match="class_name labels are in one column"):
        labels_of(file, "a", "b", label_format="class_name")
    file.write_text("id,a\n1,\n2,-1\n")
    with pytest.raises(InputError, match="a holds no label"):
        labels_of(file, "a")


def test_a_slip_is_no_class(file: Path) -> None:
    rows = [f"{index},{index % 2}" for index in range(18)]
    file.write_text("\n".join(["id,label", *rows, "18,2?", "19,"]))
    labels = labels_of(file, "label")
    assert (labels.task, labels.names, list(labels.bad)) == ("multilabel", ("label",), [18])
    assert labels.rows[17:] == [[1], [-1], [-1]]
    # Of 18 labels 16 are 0 or 1: grades.
    file.write_text("\n".join(["id,label", *rows[:16], "16,2", "17,3", *(f"{index}," for index in range(18, 90))]))
    assert labels_of(file, "label").names == ("0", "1", "2", "3")


@pytest.mark.parametrize(
    ("cells", "names"),
    [
        (("Edema", "edema ", "mass"), "'Edema' and 'edema'"),
        (("a b", "a  b"), "'a  b' and 'a b'"),
        (("Mass|No finding", "No Finding"), "'No Finding' and 'No finding'"),
    ],
)
def test_classes_that_are_spelled_in_two_ways(file: Path, cells: tuple[str, ...], names: str) -> None:
    file.write_text("\n".join(["id,finding", *(f"{index},{cell}" for index, cell in enumerate(cells))]))
    with pytest.raises(InputError, match=f"the classes {names} differ by capitals or spaces only"):
        labels_of(file, "finding")


def test_uneven_rows(file: Path) -> None:
    file.write_text("id,label\n1,0\n2\n3,1\n4,1,0\n5,1\n")
    with pytest.raises(InputError, match="line 3: this row has 1 cells"):
        read_table(file)
    table = read_table(file, uneven=True)
    assert list(table.bad) == [1, 3]
    assert [index for index, _ in table.good_rows()] == [0, 2, 4]
    labels = read_labels(
        table, ["label"], label_format="one_hot", task=None, missing=MISSING, separator="|", negative="No Finding"
    )
    assert (labels.rows, labels.bad) == ([[0], [-1], [1], [-1], [1]], table.bad)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("train/p1/view.jpg", ["train/p1/view.jpg"]),
        ("train/p1/view", ["train/p1/view.jpg"]),
        ("Release-v1/train/p1/view.jpg", []),
        ("train\\p2\\view.jpg", ["train/p2/view.jpg"]),
        ("train/p3/view.jpg", []),
        ("view.jpg", ["train/p1/view.jpg", "train/p2/view.jpg"]),
        ("scan", ["ct/scan.nii.gz"]),
        ("scan.dcm", ["ct/scan.nii.gz"]),
        ("1.2.840.10008", ["ct/1.2.840.10008"]),
        ("7", ["007.png"]),
        ("0007", ["007.png"]),
        ("12", ["ct/12.png"]),
        ("0012", ["ct/0012.png"]),
        ("012", ["ct/12.png", "ct/0012.png"]),
        ("8", []),
        ("", []),
    ],
)
def test_find(cell: str, expected: list[str]) -> None:
    names = ["007.png", "ct/12.png", "ct/0012.png", "ct/1.2.840.10008", "ct/scan.nii.gz"]
    assert ImageIndex([*names, "train/p1/view.jpg", "train/p2/view.jpg"]).find(cell) == expected


def test_leading_folders_are_the_same_for_all() -> None:
    index = ImageIndex(["train/1.jpg", "train/2.jpg", "3.jpg"])
    leading = index.leading_folders(["V1/train/1.jpg", "V1/train/2", "other/3.jpg", "V1/train/9.jpg"])
    assert leading == ("V1",)
    assert index.find("V1/train/1.jpg", leading) == ["train/1.jpg"]
    assert index.find("V1\\train\\2", leading) == ["train/2.jpg"]
    assert index.find("other/3.jpg", leading) == []
    assert index.leading_folders(["1.jpg", "train/1.jpg", "V1/train/9.jpg"]) == ()


def test_match_rows(file: Path) -> None:
    file.write_text("id,a\n1,0\n2,1\n3,1\n")
    names = ["1.png", "x/2.png", "y/2.png", "4.png"]
    matches = match_rows(read_table(file), "id", names, compared=["a"], bad={})
    assert matches.row_of == {"1.png": 0}
    reasons = {row: bad.reason for row, bad in matches.bad_rows.items()}
    assert reasons == {1: "2 files have this name", 2: "there is no such image"}
    assert matches.rest == ["x/2.png", "y/2.png", "4.png"]
    assert matches.spoiled == frozenset()


def test_rows_of_one_image(file: Path) -> None:
    """Lines 2 and 4 say the same of image 1; lines 3 and 6 do not of image 2; line 5 is bad, and has image 3."""
    file.write_text("id,a,note\n1,0,x\n2,1,\n01,0,y\n3,7,\n2,0,\n4,0,\n4,7,\n")
    bad = {3: BadRow("bad", "Mend it."), 6: BadRow("bad", "Mend it.")}
    names = [f"{index}.png" for index in range(1, 6)]
    matches = match_rows(read_table(file), "id", names, compared=["a"], bad=bad)
    assert matches.row_of == {"1.png": 0, "4.png": 5}
    assert matches.spoiled == {"2.png", "3.png"}
    reason = "lines 3 and 6 say different things of one image"
    assert {row: found.reason for row, found in matches.bad_rows.items()} == {1: reason, 4: reason}
    file.write_text("id,a\n1,0\n1,1\n2,0\n")
    with pytest.raises(InputError, match=r"line 2: lines 2 and 3 say different .* \(2 of 3 rows"):
        match_rows(read_table(file), "id", names, compared=["a"], bad={})
