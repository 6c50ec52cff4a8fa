"""Pseudo-labels of several processes: one list for all, drafts apart, and none counted that is not there."""

import json
import threading

import pytest
import torch
from ignite import distributed as idist

from monai_ssl.errors import InputError
from monai_ssl.pseudo_labels.journal import PseudoLabelJournal
from tests.pseudo_labels.pseudo import files, labels, make, nifti_entries, picture_entries, probabilities, teacher


@pytest.fixture
def ranks(monkeypatch):
    """Threads that are processes to ignite, with their barrier."""
    local, barrier = threading.local(), threading.Barrier(2)
    monkeypatch.setattr(idist, "get_rank", lambda: getattr(local, "rank", 0))

    def run(work, with_barrier=True):
        problems = []

        def one(rank):
            local.rank = rank
            try:
                work(rank)
            except Exception as error:
                problems.append(error)
                barrier.abort()

        with pytest.MonkeyPatch.context() as patch:
            if with_barrier:
                patch.setattr(idist, "barrier", lambda: barrier.wait(timeout=60))
            threads = [threading.Thread(target=one, args=(rank,)) for rank in range(2)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        if problems:
            raise problems[0]

    return run


def test_all_processes_have_one_list_of_what_is_missing(tmp_path, ranks, monkeypatch):
    """The second one reads late."""
    teacher(tmp_path)
    entries = nifti_entries(tmp_path / "images", ["a", "a", "b"])
    labels(tmp_path).start()
    added, missing, read = threading.Event(), {}, PseudoLabelJournal.read

    def late(journal):
        if idist.get_rank() == 1 and not missing.get(1):
            added.wait(timeout=0.5)
        return read(journal)

    def work(rank):
        kept = labels(tmp_path)
        missing[rank] = kept.missing(entries)
        if rank == 0:
            kept.add(entries[0], probabilities(0))
            added.set()

    monkeypatch.setattr(PseudoLabelJournal, "read", late)
    ranks(work)
    assert missing == {0: entries, 1: entries}


def test_two_processes_may_write_one_image_at_once(tmp_path, ranks):
    """What they compute differs a little. Each waits for the other to have its draft."""
    teacher(tmp_path)
    entries = nifti_entries(tmp_path / "images", ["a"])
    settings = {"soft": True, "confidence_maps": True}
    labels(tmp_path, **settings).start()
    drafted = threading.Barrier(2)

    def work(rank):
        kept = labels(tmp_path, **settings)
        kept.missing(entries)
        publish = kept._state.kept.publish

        def together(record):
            drafted.wait(timeout=60)
            publish(record)

        kept._state.kept.publish = together
        for again in range(10):
            kept.add(entries[0], probabilities(2 * again + rank))

    ranks(work, with_barrier=False)
    kept = labels(tmp_path, **settings)
    assert kept.finish()["images"] == 1
    assert len(kept.entries(entries)[0]) == 1
    names = {"a.nii.gz", "a_probabilities.nii.gz", "a_confidence.nii.gz", "pseudo_labels.jsonl", "summary.json"}
    assert set(files(tmp_path)) == names
    assert not (tmp_path / "pseudo/.unfinished").exists()


def test_at_the_end_an_image_without_pseudo_label_is_named(tmp_path):
    teacher(tmp_path)
    entries = nifti_entries(tmp_path / "images", ["a", "b", "c"])
    said = {entry["image"]: probabilities(index) for index, entry in enumerate(entries)}
    kept = labels(tmp_path)
    make(kept, entries, said, 2)
    with pytest.raises(InputError, match=r"SECRET-2\.nii\.gz: this image has no pseudo-label \(1 of 3 .*again"):
        kept.finish()
    summary = json.loads((tmp_path / "pseudo/summary.json").read_text())
    assert summary["images"] == 2
    (tmp_path / "pseudo/a.nii.gz").unlink()
    with pytest.raises(InputError, match=r"SECRET-0\.nii\.gz: this image has no pseudo-label \(2 of 3"):
        kept.finish()
    # A record without its mask does not count.
    expected = probabilities(1).amax(0).double().mean().item()
    assert json.loads((tmp_path / "pseudo/summary.json").read_text())["images"] == 1
    assert json.loads((tmp_path / "pseudo/summary.json").read_text())["confidence"] == pytest.approx(expected)
    assert make(labels(tmp_path), entries, said) == [entries[0], entries[2]]


def test_at_the_end_a_table_without_a_row_is_named(tmp_path):
    teacher(tmp_path)
    entries = picture_entries(tmp_path / "images", ["a", "b"])
    kept = labels(tmp_path, "multiclass", class_names=["no", "yes"])
    make(kept, entries, {entries[0]["image"]: torch.tensor([0.9, 0.1])}, 1)
    with pytest.raises(InputError, match=r"SECRET-1\.png: this image has no pseudo-label \(1 of 2"):
        kept.finish()


def test_without_images_there_is_nothing_to_finish(tmp_path):
    teacher(tmp_path)
    with pytest.raises(InputError, match=r"no pseudo-labels were made\. Give a data list with unlabeled images"):
        make(labels(tmp_path), [], {})
