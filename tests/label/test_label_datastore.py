"""The datastore of a folder, as files come and go in it."""

import json
import os
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from monai_ssl.errors import InputError
from monai_ssl.label.settings import Settings

pytest.importorskip("monailabel")

PLAIN = Settings(models=(), labels=(), regions={}, patients={}, patient_pattern=None, modality=None)


@pytest.fixture
def picture(tmp_path):
    def save(path, value=0):
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((8, 8), value, np.uint8)).save(path, format="BMP" if path.suffix == ".bmp" else "PNG")
        return path

    return save


@pytest.fixture
def make(tmp_path):
    def open_folder(**settings):
        from monai_ssl.label.datastore import CheckedDatastore

        return CheckedDatastore(str(tmp_path / "studies"), Settings(**{**vars(PLAIN), **settings}))

    return open_folder


def test_files_that_are_put_into_the_folder_are_seen(make, picture, tmp_path, caplog):
    store = make()
    for name in ("A.PNG", "b.v2.png", "c.png.v3.png", "d.png", "d.bmp"):
        picture(tmp_path / "studies" / name)
    (tmp_path / "studies" / "notes.txt").touch()
    assert sorted(store.list_images()) == ["A", "b.v2", "c.png.v3", "d"]
    assert caplog.text.count("d.png: another file has this name") == 1
    assert store.get_image_uri("c.png.v3").endswith("/studies/c.png.v3.png")
    assert store.get_image_uri("A").endswith("/studies/A.PNG")
    (tmp_path / "studies" / "A.PNG").unlink()
    assert store.get_image_uri("A") == ""
    assert "A" not in store.list_images()
    picture(tmp_path / "studies" / "e.png")
    assert store.get_image_uri("e").endswith("/studies/e.png")


def test_labels_come_and_go(make, picture, tmp_path):
    store = make(regions={"one": [1]})
    picture(tmp_path / "studies" / "a.png")
    store.save_label("a", str(picture(tmp_path / "m.png", 1)), "final", {})
    store.save_label("a", str(picture(tmp_path / "m.bmp", 1)), "final", {})
    assert [path.name for path in (tmp_path / "studies/labels/final").iterdir()] == ["a.bmp"]
    assert store.get_unlabeled_images() == []
    store.remove_label("a", "final")
    assert store.get_unlabeled_images() == ["a"]
    assert make().get_unlabeled_images() == ["a"]
    with pytest.raises(InputError, match="no label 'final' of 'a'"):
        store.remove_label("a", "final")


def test_classes_outlive_the_index(make, picture, tmp_path):
    store = make()
    picture(tmp_path / "studies" / "a.png")
    (tmp_path / "label.json").write_text(json.dumps({"label": "mass"}))
    store.save_label("a", str(tmp_path / "label.json"), "final", {"annotator": 3})
    (tmp_path / "studies" / "datastore_v2.json").unlink()
    again = make()
    assert again.get_unlabeled_images() == []
    assert again.get_label_uri("a", "final").endswith("/labels/final/a.json")


def test_one_label_an_image(make, picture, tmp_path):
    store = make()
    picture(tmp_path / "studies" / "a.png")
    (tmp_path / "label.json").write_text(json.dumps({"label": "mass"}))
    store.save_label("a", str(picture(tmp_path / "m.png", 1)), "final", {})
    with pytest.raises(InputError, match="has a mask as its label"):
        store.save_label("a", str(tmp_path / "label.json"), "final", {})
    store.save_label("a", str(tmp_path / "label.json"), "second_reader", {})  # which is no final one
    assert store.get_label_uri("a", "final").endswith("a.png")


def test_another_process_writes_labels_too(make, picture, tmp_path):
    """As batch inference does: what it has written is not written over."""
    for name in ("a", "b"):
        picture(tmp_path / "studies" / f"{name}.png")
    server, child = make(), make()
    assert sorted(server.list_images()) == ["a", "b"]
    child.save_label("a", str(picture(tmp_path / "m.png", 1)), "original", {})
    server.save_label("b", str(tmp_path / "m.png"), "final", {})
    child.save_label("b", str(tmp_path / "m.png"), "original", {})
    index = json.loads((tmp_path / "studies" / "datastore_v2.json").read_text())["objects"]
    assert {name: sorted(entry["labels"]) for name, entry in index.items()} == {
        "a": ["original"],
        "b": ["final", "original"],
    }


def test_what_another_process_has_said_is_not_written_over(make, picture, tmp_path):
    """Two servers of a folder, say: the patient of an image decides what is validated on."""
    first, second = make(), make()
    for store, name in ((first, "a"), (second, "b")):
        store.add_image(name, str(picture(tmp_path / "x.png")), {"patient": f"of {name}"})
    first.update_image_info("a", {"age": 50})
    second.save_label("a", str(picture(tmp_path / "m.png", 1)), "final", {})
    first.update_label_info("a", "final", {"reader": 2})
    second.update_image_info("b", {"age": 60})
    store = make()
    assert [store.get_image_info(name)["patient"] for name in "ab"] == ["of a", "of b"]
    assert [store.get_image_info(name)["age"] for name in "ab"] == [50, 60]
    assert store.get_label_info("a", "final")["reader"] == 2
    with pytest.raises(InputError, match="There is an image 'b' already"):
        first.add_image("b", str(tmp_path / "x.png"), {})


@pytest.mark.parametrize("written", ["labels/final/a.png", "datastore_v2.json"])
def test_a_process_that_is_killed_leaves_the_former_file(make, picture, tmp_path, monkeypatch, written):
    store = make()
    store.add_image("a", str(picture(tmp_path / "x.png", 5)), {"patient": "p"})
    store.save_label("a", str(picture(tmp_path / "m.png", 1)), "final", {"reader": 1})
    before = (tmp_path / "studies" / written).read_bytes()
    replace = Path.replace

    def killed(self, target):
        if str(target).endswith(written):
            raise KeyboardInterrupt
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        store.save_label("a", str(picture(tmp_path / "m.png", 0)), "final", {"reader": 2})
    monkeypatch.undo()
    assert (tmp_path / "studies" / written).read_bytes() == before
    again = make()
    assert (again.get_image_info("a")["patient"], again.get_label_info("a", "final")["reader"]) == ("p", 1)


def test_a_damaged_index_is_told(make, tmp_path):
    make()
    (tmp_path / "studies" / "datastore_v2.json").write_text('{"name": ')
    with pytest.raises(InputError, match=r"datastore_v2\.json: this index is damaged"):
        make()


@pytest.mark.skipif(sys.platform == "darwin", reason="its file systems take no such names")
def test_names_that_are_no_unicode_are_left_out(make, picture, tmp_path, caplog):
    picture(tmp_path / "studies" / "a.png")
    (tmp_path / "studies" / os.fsdecode(b"M\xfcller.png")).write_bytes((tmp_path / "studies/a.png").read_bytes())
    store = make()
    assert store.list_images() == ["a"]
    assert caplog.text.count("no Unicode") == 1
    store.update_image_info("a", {"patient": "p"})
    assert make().get_image_info("a")["patient"] == "p"


def test_an_archive_is_of_labeled_images(make, picture, tmp_path):
    store = make()
    picture(tmp_path / "studies" / "a.png")
    with pytest.raises(InputError, match="nothing to download"):
        store.get_dataset_archive(None)
    store.save_label("a", str(picture(tmp_path / "m.png", 1)), "final", {})
    with zipfile.ZipFile(store.get_dataset_archive(None)) as archive:
        assert {"image/a.png", "label/a.png"} < set(archive.namelist())


def test_facts_of_uploads_do_not_reach_what_the_server_keeps(make, picture, tmp_path):
    store = make()
    store.add_image("a", str(picture(tmp_path / "x.png")), {"patient": "p", "strategy": "x", "path": "/etc/passwd"})
    assert store.get_image_info("a")["patient"] == "p"
    assert "strategy" not in store.get_image_info("a")
    assert store.get_image_info("a")["path"].endswith("/studies/a.png")
    with pytest.raises(InputError, match="Give a JSON object"):
        store.update_image_info("a", [1])
    with pytest.raises(InputError, match="no image 'b'"):
        store.update_image_info("b", {})
