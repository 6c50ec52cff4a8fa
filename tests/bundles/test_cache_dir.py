"""A bundle's run with its images on disk."""

import torch

from tests.bundles.helpers import run_bundle, small


def test_the_numbers_are_those_of_a_run_in_memory(trained, demo, tmp_path):
    """Bit for bit; the first epoch fills the folder, the second reads it."""
    name, root, _ = trained
    cache = tmp_path / "cache"
    ran = run_bundle(name, ("train",), "train", "training", **small(demo, tmp_path / "run", cache_dir=str(cache)))
    datasets = [ran.parser.get_parsed_content(f"{part}#dataset") for part in ("train", "validate")]
    assert [dataset.cache_num for dataset in datasets] == [0, 0]
    datalist = ran.parser.get_parsed_content("datalist")
    used = [datalist.labeled, datalist.validation, *([datalist.unlabeled] if name != "supervised" else [])]
    assert sum(path.is_file() for path in cache.rglob("*")) == sum(map(len, used))
    roots = (root, tmp_path / "run")
    expected, given = ((folder / "eval" / "history.csv").read_text() for folder in roots)
    assert given == expected
    expected, state = (torch.load(folder / "models" / "model.pt") for folder in roots)
    assert state.keys() == expected.keys()
    assert all(torch.equal(state[key], expected[key]) for key in state)
