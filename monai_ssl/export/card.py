"""The model card: what who uses a model must know of it, in Markdown."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from monai_ssl.export.card_data import data_lines
from monai_ssl.export.card_evaluation import evaluation_lines
from monai_ssl.export.card_files import file_lines
from monai_ssl.export.card_use import use_lines
from monai_ssl.export.convert import Exported
from monai_ssl.export.private import without_paths
from monai_ssl.export.records import Records
from monai_ssl.export.source import Source
from monai_ssl.export.wording import listed
from monai_ssl.networks import MeanProbability

__all__ = ["model_card"]

_FEW = 30
"""Labeled positive images below which the card warns of a class."""


def model_card(source: Source, records: Records, processing: Mapping[str, Any], exported: Sequence[Exported]) -> str:
    """Write the card.

    Args:
        source: the model.
        records: what is known of its training and evaluation.
        processing: see :func:`~monai_ssl.export.preprocessing.describe_preprocessing`.
        exported: what became of each format.

    Returns:
        Markdown without a path of this machine or a patient's name.
    """
    sections = {
        "What it is": _about(source, records),
        "Intended use and limits": _limits(source, records),
        "Training data": data_lines(records),
        "Evaluation": evaluation_lines(source, records),
        "How to use it": use_lines(source, records, processing),
        "Files": file_lines(source, exported),
    }
    lines = [
        f"# Model card: {_kind(source)} of {source.info.get('modality', 'medical')} images, by {source.root.name}",
        "",
    ]
    for title, content in sections.items():
        lines += [f"## {title}", "", *content, ""]
    return "\n".join(without_paths(line) for line in lines).rstrip() + "\n"


def _about(source: Source, records: Records) -> Iterator[str]:
    metadata, info = source.metadata, source.info
    parameters = sum(parameter.numel() for parameter in source.network.parameters())
    yield f"- Method, in the words of its bundle: {metadata.get('description', 'not described')}"
    yield f"- Bundle: `{source.root.name}` {metadata.get('version', '')}, configuration `{' + '.join(source.files)}`"
    for name, task in source.outputs.items():
        yield f"- {_asked(source, name, task)}"
    modality = f"{info['modality']} (DICOM's code)" if "modality" in info else "not recorded"
    yield f"- Modality: {modality}; {source.get('spatial_dims')}D images"
    deployed = f"`{type(source.network).__name__}`, {parameters:,} parameters"
    if isinstance(source.network, MeanProbability):
        names = " and ".join(name for name, _ in source.network.networks.named_children())
        deployed += f": the networks {names} in one module, which gives the average of their probabilities (as logits)"
    yield f"- Network: {deployed}"
    if best := records.best:
        count = records.data["images"]["validation"] if records.data else "unknown number of"
        yield (
            f"- Weights: those of epoch {best['epoch']} (network `{best['candidate']}`), which were the best on the "
            f"{count} validation images ({_measure(source)} {best['value']:.3f}). That choice makes this number too "
            "good; see Evaluation."
        )
    if records.settings:
        shown = ", ".join(f"{name} {listed(value)}" for name, value in records.settings.items())
        yield f"- Training: {shown}"
    else:
        yield f"- Training: settings not known, for {records.unknown['the training run']}"
    for reference in metadata.get("references", []):
        yield f"- Source of the method: {reference}"


def _kind(source: Source) -> str:
    masks = [source.is_mask(name) for name in source.outputs]
    return "segmentation" if all(masks) else "segmentation and diagnosis" if any(masks) else "classification"


def _measure(source: Source) -> str:
    """What the bundles choose the weights by; of masks and diagnoses together it is a mixture."""
    return {"segmentation": "mean Dice", "classification": "mean AUROC"}.get(_kind(source), "score")


def _asked(source: Source, name: str, task: str) -> str:
    if source.is_mask(name):
        regions = ", ".join(source.get("regions"))
        return f"Output `{name}`: a mask of the image; regions {regions}"
    labels = ", ".join(map(str, source.get("labels")))
    how = "one of these classes" if task == "multiclass" else "a yes-or-no question for each of these"
    return f"Output `{name}`: {how}: {labels}"


def _limits(source: Source, records: Records) -> Iterator[str]:
    yield f"- Intended use: {source.metadata.get('intended_use', 'not stated; research only')}."
    data = records.data
    if not data:
        yield f"- Nothing is known of the images it was trained on: {records.unknown['the training data']}."
    else:
        command = str(data["provenance"].get("command", ""))
        if command.startswith("python -m data_prep demo"):
            yield "- **It was trained on simulated images. It has never seen an image of a patient.**"
        yield (
            f"- It has seen {data['images']['labeled']} images with labels ({data['patients']['labeled']} patients) "
            f"and, as far as its method uses them, {data['images']['unlabeled']} without, of one data set "
            f"(`{data['name']}`). Other scanners, protocols, populations and diseases are outside of what it has "
            "learnt."
        )
        rare = [f"{name} ({count})" for name, count in data["positives"].get("labeled", {}).items() if count < _FEW]
        if rare:
            yield f"- Learnt from fewer than {_FEW} labeled positive images: {', '.join(rare)}."
    yield (
        "- Age, sex, ethnicity, scanner and site are not in the data list, so nothing is known of how it does in any "
        "of these subgroups."
    )
    if not records.evaluation:
        yield f"- **Not evaluated**: {records.unknown['the evaluation']}."
    yield (
        "- It always gives an answer, for images it was not made for, too; it does not say when it does not know. No "
        "step of its training calibrates its probabilities: 0.8 need not be right in 8 of 10."
    )
    yield "- It is not a medical device. Check it on images of your own before any use, and look at its errors."
