"""What clients send beside files."""

import json

import pytest

from monai_ssl.errors import InputError
from monai_ssl.label.facts import read_plain


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, {}),
        ("", {}),
        ("{}", {}),
        ('{"patient": "Müller", "age": 50, "notes": [1.5, null, {"a": true}]}', None),
        ({"a": (1, 2)}, {"a": (1, 2)}),
        ("{" + '"a": {' * 31 + "}" * 32, None),
    ],
)
def test_objects_are_read(given, expected):
    assert read_plain(given) == (json.loads(given) if expected is None else expected)


@pytest.mark.parametrize(
    "given",
    [
        *("null", "[1]", "5", '"text"', "{", "[" * 100_000, "9" * 5000),
        *('{"a": NaN}', '{"a": [-Infinity]}', '{"a": 1e999}', '{"a": "\\ud800"}', '{"\\udcff": 1}'),
        *([1], 5, {"a": float("nan")}, {"a": {1, 2}}),
        "{" + '"a": {' * 32 + "}" * 33,
        '{"a": ' + "[" * 500 + "]" * 500 + "}",
    ],
)
def test_all_else_is_refused(given):
    with pytest.raises(InputError, match="Give a JSON object of plain values"):
        read_plain(given)
