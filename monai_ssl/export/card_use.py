"""The part of a model card that says what an application does before and after the network."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from monai_ssl.export.markdown import table_lines
from monai_ssl.export.preprocessing import Step
from monai_ssl.export.records import Records
from monai_ssl.export.source import Source
from monai_ssl.export.wording import describe_inferer, describe_step, listed

__all__ = ["use_lines"]


def use_lines(source: Source, records: Records, processing: Mapping[str, Any]) -> Iterator[str]:
    """Give the lines of Markdown; for the arguments see :func:`~monai_ssl.export.card.model_card`."""
    channels, *sides = source.input_shape
    yield "An application must do to an image just what follows, or what is said above does not hold for it."
    yield "`preprocessing.json` has each step with all of its arguments."
    yield ""
    yield "### Before the network"
    yield ""
    yield from _numbered(processing["preprocessing"])
    yield ""
    yield (
        f"This gives the input `image`: float32, (batch, {channels}, {', '.join(map(str, sides))}), with any number of "
        "images in a batch."
    )
    if modalities := source.get("modalities", []):
        yield f"Its channels are, in this order: {', '.join(modalities)}."
    elif channels == 1:
        yield "It has one channel."
    elif len(source.get("windows")) == channels:
        yield f"Its channels are the windows, in this order: {', '.join(map(listed, source.get('windows')))}."
    elif source.get("channels") == 3:
        yield "Its channels are, in this order: red, green, blue."
    yield ""
    yield "### The network"
    yield ""
    inferer = processing["inferer"]
    yield describe_inferer(inferer["transform"].rsplit(".", 1)[-1], inferer["arguments"])
    for name, output in processing["outputs"].items():
        shape = ["batch", len(output["channels"]), *(sides if source.is_mask(name) else ())]
        yield ""
        yield f"Output `{name}`: logits, float32, ({', '.join(map(str, shape))}). Its channels, in this order:"
        yield ""
        yield from (f"{place}. {channel}" for place, channel in enumerate(output["channels"], 1))
    yield ""
    yield "### After the network"
    yield ""
    # Of a model for one of two tasks, the steps for the other are none.
    absent = {f"pred_{name}" for name in ("mask", "diagnosis") if name not in source.outputs}
    steps = processing["postprocessing"]
    yield from _numbered([step for step in steps if step["arguments"].get("keys") not in absent])
    yield from _calls(source, records)


def _numbered(steps: Sequence[Step]) -> Iterator[str]:
    words = [describe_step(step["transform"].rsplit(".", 1)[-1], step["arguments"]) for step in steps]
    yield from (f"{place}. {text}" for place, text in enumerate(filter(None, words), 1))


def _calls(source: Source, records: Records) -> Iterator[str]:
    """How probabilities of whole images become a decision."""
    if all(source.is_mask(name) for name in source.outputs):
        return
    yield ""
    if "multiclass" in (task for name, task in source.outputs.items() if not source.is_mask(name)):
        yield "Decision: the class with the largest probability; no threshold is used."
    elif records.thresholds:
        yield (
            "Decision: a class is called where its probability is at least its threshold (chosen on validation; here "
            "rounded, in `preprocessing.json` in full):"
        )
        yield ""
        shown = {
            name: "none (not defined on validation)" if threshold is None else f"{threshold:.4g}"
            for name, threshold in records.thresholds.items()
        }
        yield from table_lines(("class", "threshold"), shown.items())
    else:
        yield "Decision: no thresholds were chosen on validation images; inference calls a class at 0.5."
