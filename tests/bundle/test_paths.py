import pytest

from monai_ssl.bundle import find_bundle_root
from monai_ssl.errors import InputError


@pytest.fixture
def repository(tmp_path):
    for name in ("noteacher", "supervised"):
        file = tmp_path / "bundles" / name / "configs" / "train.json"
        file.parent.mkdir(parents=True)
        file.write_text("{}")
    return tmp_path


@pytest.mark.parametrize("start", [".", "bundles", "bundles/noteacher"])
def test_from_wherever_one_works(repository, start, monkeypatch):
    monkeypatch.chdir(repository / start)
    assert find_bundle_root("noteacher") == str(repository / "bundles" / "noteacher")


@pytest.mark.parametrize("start", ["bundles/supervised", "bundles/noteacher/configs"])
def test_from_elsewhere(repository, start, monkeypatch):
    monkeypatch.chdir(repository / start)
    with pytest.raises(InputError, match=r"'noteacher'.*--bundle_root"):
        find_bundle_root("noteacher")


def test_a_folder_of_that_name_without_the_bundle(tmp_path, monkeypatch):
    (tmp_path / "noteacher").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="neither here"):
        find_bundle_root("noteacher")
