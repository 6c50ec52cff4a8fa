"""Metadata against a schema of the MONAI Bundle Specification, through MONAI's own command.

The schema that `metadata.json` names would have to be downloaded; `metadata_schema.json` is written from the text of
the specification.
"""

import copy
import json
from pathlib import Path

import pytest
from monai.bundle import verify_metadata

from tests.bundles.helpers import ALL, S4MTL, configs, content

SCHEMA = str(Path(__file__).with_name("metadata_schema.json"))


@pytest.mark.parametrize("bundle", ALL)
def test_metadata_follow_the_schema(bundle):
    verify_metadata(meta_file=configs(bundle, "metadata")[0], filepath=SCHEMA)


@pytest.mark.parametrize("bundle", ALL)
def test_metadata_have_the_same_keys_in_the_same_order(bundle):
    ours, first = (content(name, "metadata") for name in (bundle, ALL[0]))
    assert list(ours) == list(first)
    assert list(ours["required_packages_version"]) == list(first["required_packages_version"])
    for kind in ("inputs", "outputs"):
        expected = [list(tensor) for tensor in first["network_data_format"][kind].values()]
        for tensor in ours["network_data_format"][kind].values():
            assert list(tensor) == expected[0]


REQUIRED = [
    *("version", "changelog", "monai_version", "pytorch_version", "numpy_version", "required_packages_version"),
    *("task", "description", "authors", "copyright", "network_data_format"),
]
TENSOR = ["type", "format", "num_channels", "spatial_shape", "dtype", "value_range", "is_patch_data", "channel_def"]
IMAGE = ("network_data_format", "inputs", "image")
PRED = ("network_data_format", "outputs", "pred")
MISSING = object()
REFUSED = [
    *(((key,), MISSING) for key in REQUIRED),
    *(((*place, key), MISSING) for place in (IMAGE, PRED) for key in TENSOR),
    *((place, MISSING) for place in (IMAGE, PRED)),
    (("version",), 0.1),
    (("version",), "0.1"),
    (("monai_version",), ">=1.6"),
    (("changelog",), ["First version"]),
    (("required_packages_version",), {"nibabel": 5}),
    (("authors",), ["A"]),
    (("task",), ""),
    (("eval_metrics",), {"dice": "0.9"}),
    ((*IMAGE, "type"), "magnitude"),
    ((*IMAGE, "format"), "rgb"),
    ((*IMAGE, "num_channels"), "1"),
    ((*IMAGE, "num_channels"), 0),
    ((*IMAGE, "spatial_shape"), 64),
    ((*IMAGE, "spatial_shape"), ["eight", 64]),
    ((*IMAGE, "dtype"), "float"),
    ((*IMAGE, "value_range"), [0]),
    ((*IMAGE, "value_range"), ["0", "1"]),
    ((*IMAGE, "is_patch_data"), "false"),
    ((*PRED, "channel_def"), ["lung"]),
    ((*PRED, "channel_def"), {"first": "lung"}),
    ((*PRED, "chanel_def"), {}),
]


@pytest.mark.parametrize(
    ("place", "value"), REFUSED, ids=lambda part: "-".join(part) if isinstance(part, tuple) else ""
)
def test_the_schema_refuses(place, value, tmp_path):
    metadata = copy.deepcopy(content(S4MTL, "metadata"))
    *above, key = place
    holder = metadata
    for part in above:
        holder = holder[part]
    if value is MISSING:
        del holder[key]
    else:
        holder[key] = value
    (tmp_path / "metadata.json").write_text(json.dumps(metadata))
    with pytest.raises(ValueError, match="Failed validating"):
        verify_metadata(meta_file=str(tmp_path / "metadata.json"), filepath=SCHEMA)
