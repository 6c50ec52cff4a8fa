"""A file of facts that survives being cut off."""

import json

from data_prep.inspection.journal import Journal, read_journal


def test_no_file_is_an_empty_journal(tmp_path):
    assert read_journal(tmp_path / "journal") == {}


def test_facts_of_several_runs(tmp_path):
    path = tmp_path / "new" / "journal"
    with Journal(path) as journal:
        journal.add("a", {"size": 1})
        journal.add("b", {"size": 2, "values": [0, 1]})
    with Journal(path) as journal:
        journal.add("a", {"size": 3})
    assert read_journal(path) == {"a": {"size": 3}, "b": {"size": 2, "values": [0, 1]}}


def test_fact_is_in_the_file_at_once(tmp_path):
    path = tmp_path / "journal"
    with Journal(path) as journal:
        journal.add("a", {"size": 1})
        assert read_journal(path) == {"a": {"size": 1}}
        journal.add("b", {"size": 2})
        assert list(read_journal(path)) == ["a", "b"]


def test_every_broken_end_is_left_out(tmp_path):
    path = tmp_path / "journal"
    with Journal(path) as journal:
        journal.add("a", {"size": 1})
        start = path.stat().st_size
        journal.add("b", {"size": 2})
    whole = path.read_bytes()
    for end in range(start, len(whole) - 1):  # the line feed is not needed
        path.write_bytes(whole[:end])
        assert read_journal(path) == {"a": {"size": 1}}
        with Journal(path) as journal:
            journal.add("c", {"size": 3})
        assert read_journal(path) == {"a": {"size": 1}, "c": {"size": 3}}


def test_lines_of_something_else_are_left_out(tmp_path):
    path = tmp_path / "journal"
    path.write_bytes(b'\xff\xfe\n[1]\n"key"\n{"size": 1}\n{"key": ["a"]}\n{"key": "a", "size": 1}\n\nnull\n')
    assert read_journal(path) == {"a": {"size": 1}}


def test_a_fact_is_one_line(tmp_path):
    path = tmp_path / "journal"
    with Journal(path) as journal:
        journal.add("a", {"text": "two\nlines\u2028ä"})
    assert json.loads(path.read_text(encoding="ascii")) == {"key": "a", "text": "two\nlines\u2028ä"}
