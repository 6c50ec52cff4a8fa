import numpy as np
import pytest
import torch
from ignite.engine import Engine, Events
from monai.handlers import from_engine

from monai_ssl.errors import InputError
from monai_ssl.handlers.disagreement import DisagreementCount, MetricVariance


def run(metric, outputs):
    engine = Engine(lambda engine, batch: batch)
    metric.attach(engine, "disagreements")
    engine.run(outputs)
    return engine.state.metrics["disagreements"]


FIRST = torch.tensor([[0.9, 0.1], [0.6, 0.7], [0.2, 0.5], [0.8, 0.6]])
SECOND = torch.tensor([[0.7, 0.4], [0.6, 0.4], [0.9, 0.4], [0.6, 0.8]])


def test_multilabel_counts_images_with_any_other_label():
    # The 2nd differs in one class; the 3rd in both, and counts once: 0.5 itself is positive.
    count = run(DisagreementCount(), [(FIRST[:3], SECOND[:3]), (FIRST[3:], SECOND[3:])])
    assert count == 2
    assert isinstance(count, int)


def test_multiclass_counts_images_with_another_most_probable_class():
    assert run(DisagreementCount("multiclass"), [(FIRST, SECOND)]) == 3


def test_decollated_output():
    items = [{"F1": a, "F2": b} for a, b in zip(FIRST, SECOND, strict=True)]
    metric = DisagreementCount(output_transform=from_engine(["F1", "F2"]))
    assert run(metric, [items[:2], items[2:]]) == 2


def test_each_evaluation_starts_from_zero():
    metric = DisagreementCount()
    assert [run(metric, [(FIRST, SECOND)]) for _ in range(2)] == [2, 2]


def test_wrong_predictions():
    with pytest.raises(InputError, match="cannot be compared"):
        run(DisagreementCount(), [(FIRST, SECOND[:, :1])])
    with pytest.raises(InputError, match="task"):
        DisagreementCount("segmentation")


def engines(values, metric="auroc"):
    """Give a trainer of 10 iterations an epoch that validates at each epoch's end, and its evaluator."""
    values = iter(values)
    evaluator = Engine(lambda engine, batch: None)

    @evaluator.on(Events.COMPLETED)
    def measure():
        evaluator.state.metrics[metric] = next(values)

    trainer = Engine(lambda engine, batch: None)
    return trainer, evaluator


def validate_every(trainer, evaluator, epochs=1):
    trainer.add_event_handler(Events.EPOCH_COMPLETED(every=epochs), lambda: evaluator.run([0]))


VALUES = [0.5, 0.6, 0.75, 0.7, 0.8]


def test_variance_after_the_start_iteration():
    trainer, evaluator = engines(VALUES)
    variance = MetricVariance("auroc", 20, evaluator)
    variance.attach(trainer)
    validate_every(trainer, evaluator)
    seen = []
    trainer.add_event_handler(Events.EPOCH_COMPLETED, lambda: seen.append(trainer.state.metrics.get("auroc_variance")))
    trainer.run(range(10), max_epochs=5)
    assert seen[:3] == [None] * 3
    assert seen[3:] == pytest.approx([np.var([0.75, 0.7]), np.var([0.75, 0.7, 0.8])])


def test_only_validations_that_ran_count():
    trainer, evaluator = engines(VALUES)
    validate_every(trainer, evaluator, epochs=2)
    MetricVariance("auroc", 0, evaluator).attach(trainer)
    trainer.run(range(10), max_epochs=7)
    assert trainer.state.metrics["auroc_variance"] == pytest.approx(np.var(VALUES[:3]))


def test_validation_that_is_repeated_counts_once():
    trainer, evaluator = engines([0.5, 0.7, 0.9])
    validate_every(trainer, evaluator)
    MetricVariance("auroc", 0, evaluator).attach(trainer)
    trainer.run(range(10), max_epochs=2)
    evaluator.run([0])
    assert trainer.state.metrics["auroc_variance"] == pytest.approx(np.var([0.5, 0.9]))


def test_resuming_goes_on_with_the_values(tmp_path):
    trainer, evaluator = engines(VALUES[:3])
    validate_every(trainer, evaluator)
    first = MetricVariance("auroc", 10, evaluator)
    first.attach(trainer)
    trainer.run(range(10), max_epochs=3)
    torch.save(first.state_dict(), tmp_path / "checkpoint.pt")
    trainer_state = trainer.state_dict()

    trainer, evaluator = engines(VALUES[3:])
    validate_every(trainer, evaluator)
    second = MetricVariance("auroc", 10, evaluator)
    second.attach(trainer)
    second.load_state_dict(torch.load(tmp_path / "checkpoint.pt", weights_only=True))
    trainer.load_state_dict(trainer_state)
    trainer.run(range(10), max_epochs=5)
    assert trainer.state.metrics["auroc_variance"] == pytest.approx(np.var(VALUES[1:]))


def test_unknown_metric_is_named():
    trainer, evaluator = engines([0.5], metric="other")
    validate_every(trainer, evaluator)
    MetricVariance("auroc", 0, evaluator).attach(trainer)
    with pytest.raises(InputError, match=r"no metric 'auroc'.*'other'"):
        trainer.run(range(10), max_epochs=1)


def test_negative_start():
    with pytest.raises(InputError, match="start_iteration is -1"):
        MetricVariance("auroc", -1, Engine(lambda engine, batch: None))
