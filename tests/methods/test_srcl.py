"""SRC, SRCL and contrastive pre-training beyond what holds for every method."""

import pytest
import torch

from monai_ssl.errors import InputError
from monai_ssl.losses import (
    BrierLoss,
    RelationLoss,
    SupervisedContrastiveLoss,
    brier_loss,
    relation_loss,
    supervised_contrastive_loss,
)
from monai_ssl.methods import SRC, SRCL, ContrastivePretraining
from monai_ssl.networks import LayerFeatures, ProjectionHead
from tests.methods.toys import batch, make, network


def pooled(model, image):
    """The toy's pooled features by hand: layer "2" is its ReLU."""
    return model[2](model[1](model[0](image))).mean(dim=(2, 3))


def both(data, view):
    return torch.cat([data[stream][view]["image"] for stream in ("labeled", "unlabeled")])


def drift(method):
    with torch.no_grad():
        for parameter in method.teacher.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))


@pytest.mark.parametrize("name", ["src", "srcl"])
@pytest.mark.parametrize("task", ["multilabel", "multiclass"])
def test_losses_against_their_formula(name, task):
    method = make(name, task)
    drift(method)
    data = batch(method, task)
    losses = method(data)
    with torch.no_grad():
        student, teacher = (pooled(method.student, both(data, 0)), pooled(method.teacher, both(data, 1)))
        assert losses["relation"].item() == pytest.approx(relation_loss(student, teacher).item(), rel=1e-5)
        assert losses["relation"].item() > 0
        if name == "srcl":
            labels = data["labeled"][0]["label"]
            missing = torch.full((6, *labels.shape[1:]), -1.0)
            z = torch.stack([method.head(pooled(method.student, both(data, view))) for view in (0, 1)])
            expected = supervised_contrastive_loss(z, torch.cat([labels, missing]), 0.1)
            assert losses["contrastive"].item() == pytest.approx(expected.item(), rel=1e-5)
    reference = make("mean_teacher", task)
    reference.student, reference.teacher = method.student, method.teacher
    for term, value in reference(data).items():
        assert losses[term].item() == pytest.approx(value.item(), rel=1e-6)


def test_pretraining_contrasts_both_views_by_the_labels_there_are():
    method = make("contrastive", "multiclass")
    data = batch(method, "multiclass")
    labels = torch.cat([data["labeled"][0]["label"], torch.full((6,), -1.0)])
    with torch.no_grad():
        z = torch.stack([method.head(pooled(method.student, both(data, view))) for view in (0, 1)])
    expected = supervised_contrastive_loss(z, labels, 0.1)
    assert method(data)["contrastive"].item() == pytest.approx(expected.item(), rel=1e-5)
    data["labeled"][0]["label"] = labels[:4, None]  # as a column, which is how a loader may give indices
    assert method(data)["contrastive"].item() == pytest.approx(expected.item(), rel=1e-5)


def test_the_losses_are_options():
    supervised, relation, contrastive = BrierLoss("multiclass"), RelationLoss(1e-3), SupervisedContrastiveLoss(0.9)
    method = SRCL(
        network(),
        ProjectionHead(16, (6, 5)),
        LayerFeatures("3", "flat"),
        "multiclass",
        supervised_loss=supervised,
        relation_loss=relation,
        contrastive_loss=contrastive,
    )
    data = batch(method, "multiclass")
    logits = method.student(data["labeled"][0]["image"])
    expected = brier_loss(logits, data["labeled"][0]["label"], "multiclass").item()
    assert method(data)["supervised"].item() == pytest.approx(expected, rel=1e-5)
    assert (method.relation_loss, method.contrastive_loss) == (relation, contrastive)


def test_student_and_teacher_agree_on_one_view_at_the_start():
    method = make("src")
    data = batch(method)
    for views in data.values():
        views[1] = views[0]
    losses = method(data)
    assert losses["consistency"].item() == losses["relation"].item() == 0


@pytest.mark.parametrize("name", ["contrastive", "src", "srcl"])
def test_batches_without_an_unlabeled_or_without_a_known_label(name):
    method = make(name)
    data = batch(method)
    labeled_only = method({"labeled": data["labeled"]})
    for view in data["labeled"]:
        view["label"] = torch.full_like(view["label"], -1)
    unknown = method(data)
    for losses in (labeled_only, unknown):
        assert all(torch.isfinite(loss) for loss in losses.values())
    assert unknown.get("supervised", torch.zeros(())).item() == 0
    assert unknown[method.loss_names["losses"][-1]].item() > 0


def test_labels_of_any_type_leave_the_unlabeled_images_unlabeled():
    method = make("contrastive", "multiclass")
    data = batch(method, "multiclass")
    expected = method(data)["contrastive"].item()
    for dtype in (torch.uint8, torch.int64):
        data["labeled"][0]["label"] = data["labeled"][0]["label"].to(dtype)
        assert method(data)["contrastive"].item() == expected


def test_an_overlap_of_labels_needs_several_of_them():
    loss = SupervisedContrastiveLoss(positives="jaccard")
    for kind in (ContrastivePretraining, SRCL):
        kind(network(), ProjectionHead(4), LayerFeatures("2"), "multilabel", contrastive_loss=loss)
        with pytest.raises(InputError, match="--positives equal"):
            kind(network(), ProjectionHead(4), LayerFeatures("2"), "multiclass", contrastive_loss=loss)


def test_class_weights_beside_a_loss_that_does_not_know_them_are_refused():
    with pytest.raises(ValueError, match="class_weights"):
        SRC(network(), LayerFeatures("2"), "multiclass", [1.0, 2.0, 3.0], BrierLoss("multiclass"))


@pytest.mark.parametrize("name", ["contrastive", "src", "srcl"])
def test_a_batch_of_one_image_is_refused(name):
    method = make(name)
    data = batch(method, labeled=1, unlabeled=0)
    with pytest.raises(InputError, match="--batch_size"):
        method({"labeled": data["labeled"]})
    assert all(torch.isfinite(loss) for loss in method(batch(method, labeled=1, unlabeled=1)).values())


@pytest.mark.parametrize("make_method", [
    lambda layer: SRC(network(), LayerFeatures(layer), "multilabel"),
    lambda layer: ContrastivePretraining(network(), ProjectionHead(4), LayerFeatures(layer), "multilabel"),
])  # fmt: skip
def test_a_layer_that_does_not_exist_is_named_with_those_that_do(make_method):
    method = make_method("layer9")
    with pytest.raises(InputError, match=r"no layer 'layer9'. Name one of its layers: 0, 1, 2, 3, 4, 5;"):
        method(batch(method))
