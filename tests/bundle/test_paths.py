import pytest

from monai_ssl.bundle import find_bundle_root
from monai_ssl.errors import InputError


def make_bundle(folder, name):
    file = folder / "configs" / "train.json"
    file.parent.mkdir(parents=True)
    file.write_text(f'{{"bundle_root": "$bundle.find_bundle_root(\'{name}\')"}}')
    return folder


@pytest.fixture
def repository(tmp_path):
    for name in ("noteacher", "supervised"):
        make_bundle(tmp_path / "bundles" / name, name)
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


@pytest.mark.parametrize("folder", ["noteacher_v0.1.0", "supervised", "a model"])
def test_a_bundle_by_itself_under_any_name(tmp_path, folder, monkeypatch):
    monkeypatch.chdir(make_bundle(tmp_path / folder, "noteacher"))
    assert find_bundle_root("noteacher") == str(tmp_path / folder)


def test_a_bundle_of_another_name_is_another_bundle(tmp_path, monkeypatch):
    monkeypatch.chdir(make_bundle(tmp_path / "noteacher_v0.1.0", "noteacher"))
    with pytest.raises(InputError, match="'teacher'"):
        find_bundle_root("teacher")


def test_a_folder_of_that_name_whose_configuration_was_changed(tmp_path, monkeypatch):
    folder = make_bundle(tmp_path / "noteacher", "mine")
    monkeypatch.chdir(folder)
    assert find_bundle_root("noteacher") == str(folder)


def test_a_folder_of_that_name_without_the_bundle(tmp_path, monkeypatch):
    (tmp_path / "noteacher").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="neither here"):
        find_bundle_root("noteacher")
