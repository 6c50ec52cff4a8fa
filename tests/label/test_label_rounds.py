"""Rounds of training, of which one is served."""

import json

import pytest

from monai_ssl.label.rounds import BusyError, Rounds


@pytest.fixture
def rounds(tmp_path):
    return Rounds(tmp_path / "model")


def train(rounds):
    with rounds.new() as begun:
        begun.models.mkdir()
        (begun.models / "model.pt").write_bytes(b"weights")
        rounds.serve(begun)
    return begun


def test_the_last_round_is_served_and_the_first_is_kept(rounds):
    assert rounds.served() is None
    first = train(rounds)
    assert rounds.served() == first
    second = train(rounds)
    assert rounds.served() == second
    assert second.name > first.name
    assert (first.models / "model.pt").is_file()


def test_a_round_that_fails_leaves_what_is_served(rounds):
    first = train(rounds)
    with pytest.raises(FileNotFoundError), rounds.new() as begun:
        (begun.models / "model.pt").write_bytes(b"in a folder that is not there")
    assert not begun.folder.exists()
    assert rounds.served() == first
    assert train(rounds) != first


def test_a_round_that_was_killed_is_removed_by_the_next(rounds):
    first = train(rounds)
    killed = rounds.folder / "20200101-000000"
    (killed / "models").mkdir(parents=True)
    (killed / "models" / "model.pt").write_bytes(b"half of it")
    (killed / "unfinished").touch()
    (rounds.folder / "20200102-000000" / "models").mkdir(parents=True)  # put back from elsewhere
    second = train(rounds)
    kept = {first.name, second.name, "20200102-000000"}
    assert {path.name for path in rounds.folder.iterdir() if path.is_dir()} == kept


def test_a_round_that_was_killed_while_it_is_put_to_use_is_not_removed(rounds, monkeypatch):
    def killed(path, content):
        raise KeyboardInterrupt

    with rounds.new() as begun:
        begun.models.mkdir()
        (begun.models / "model.pt").write_bytes(b"weights")
        monkeypatch.setattr("monai_ssl.label.rounds.write_json", killed)
        with pytest.raises(KeyboardInterrupt):
            rounds.serve(begun)
        monkeypatch.undo()
    train(rounds)
    assert (begun.models / "model.pt").is_file()


def test_one_round_at_a_time(rounds):
    with rounds.new() as begun:
        with pytest.raises(BusyError, match="model is being trained already"), Rounds(rounds.folder).new():
            pass
        assert begun.folder.is_dir()
    train(rounds)


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"round": "none"}'])
def test_a_damaged_pointer_is_told_and_trained_over(rounds, content, caplog):
    first = train(rounds)
    (rounds.folder / "served.json").write_text(content)
    assert rounds.served() is None
    assert "served.json: " in caplog.text
    second = train(rounds)
    assert rounds.served() == second
    assert first.folder.is_dir()


def test_going_back_to_a_former_round(rounds):
    first = train(rounds)
    train(rounds)
    (rounds.folder / "served.json").write_text(json.dumps({"round": first.name}))
    assert rounds.served() == first
