import pytest
import torch
from torch import nn

from monai_ssl.bundle import check_stages, check_validations, start_from
from monai_ssl.errors import InputError


def network(seed):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))


def test_all_networks_begin_with_the_file_buffers_too(tmp_path):
    source = network(0)
    source(torch.rand(4, 1, 5, 5))
    torch.save(source.state_dict(), tmp_path / "encoder.pt")
    student, teacher = network(1), network(2)
    start_from(tmp_path / "encoder.pt", [student, teacher], seed=3)
    for begun in (student, teacher):
        for name, value in source.state_dict().items():
            assert torch.equal(begun.state_dict()[name], value), name


def test_what_was_drawn_before_does_not_matter(tmp_path):
    torch.save(network(0).state_dict(), tmp_path / "encoder.pt")
    draws = []
    for used in (0, 7):
        torch.rand(used)
        start_from(tmp_path / "encoder.pt", [network(1)], seed=3)
        draws.append(torch.rand(3))
    torch.manual_seed(3)
    assert torch.equal(draws[0], draws[1])
    assert torch.equal(draws[0], torch.rand(3))


def test_a_missing_file_and_one_of_another_network_are_named(tmp_path):
    with pytest.raises(InputError, match=r"encoder\.pt: there are no pre-trained weights"):
        start_from(tmp_path / "encoder.pt", [network(0)], seed=0)
    torch.save({"other": torch.zeros(1)}, tmp_path / "encoder.pt")
    with pytest.raises(InputError, match=r"encoder\.pt: these weights are of another network"):
        start_from(tmp_path / "encoder.pt", [network(0)], seed=0)


def test_stages_without_a_validation_are_refused():
    check_validations(2, 2, 3)
    with pytest.raises(InputError, match=r"stage of 1 epochs .* every 2"):
        check_validations(2, 3, 1)


@pytest.mark.parametrize(
    ("lengths", "message"),
    [((0, 5), "0 epochs of pre-training"), ((3, 5, 5), "--warmup_epochs"), ((3, 5, 7.5), "of 7.5 epochs")],
)
def test_stages_without_a_step_of_learning_are_refused(lengths, message):
    with pytest.raises(InputError, match=message):
        check_stages(*lengths)
    check_stages(1)
    check_stages(1, 5, 4.9)
