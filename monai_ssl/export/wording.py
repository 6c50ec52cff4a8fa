"""Transforms in words, for who writes an application."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from monai_ssl.readers.windows import CT_WINDOWS

__all__ = ["describe_inferer", "describe_step", "listed"]

Arguments = Mapping[str, Any]

_NOT_GRAY_DICOM = (
    "of DICOM in color always the full range of the stored bits; of pictures the full range of their type (0 to 255 of "
    "8 bits, 0 to 65535 of 16, whatever the largest value is); of NIfTI the 0.5 to 99.5 percentile of each channel, "
    "which is 0 everywhere where the two are the same"
)
_WINDOWS = {
    "header": f"of DICOM the first window of the header (a file without one is refused); {_NOT_GRAY_DICOM}",
    "full": f"of DICOM the full range of the stored bits, rescaled as the values are; {_NOT_GRAY_DICOM}",
    "auto": (
        "of DICOM the first window of the header, or the full range of the stored bits where it has none (a CT without "
        f"a window is refused); {_NOT_GRAY_DICOM}"
    ),
}

_RESIZING = {
    "area": (
        " Along an axis that goes from m to n, pixel i (from 0) is the mean of those from floor(i m / n) to "
        "ceil((i + 1) m / n) - 1."
    ),
    "bilinear": (
        " Along an axis that goes from m to n, pixel i (from 0) is read at (i + 1/2) m / n - 1/2; the outermost pixels "
        "are repeated outside."
    ),
}


def describe_step(name: str, arguments: Arguments) -> str | None:
    """Say what a transform does to the image; None for one that only moves or removes other items.

    Args:
        name: of its class.
        arguments: all of them.
    """
    if name in _SILENT or (name == "DeleteItemsd" and "image" not in _keys(arguments)):
        return None
    if name in _WORDS:
        return _WORDS[name](arguments)
    shown = ", ".join(f"{key}={value!r}" for key, value in arguments.items())
    return f"`{name}({shown})`, of MONAI or this project."


def describe_inferer(name: str, arguments: Arguments) -> str:
    """Say how an image goes through the network."""
    if name == "SimpleInferer":
        return "The whole image goes through the network at once."
    if name == "SlidingWindowInferer":
        steps = [max(int(side * (1 - arguments["overlap"])), 1) for side in arguments["roi_size"]]
        weights = {
            "constant": "each with the same weight",
            "gaussian": (
                "each weighted by the product over the axes of exp(-d^2 / (2 (s w)^2)), but by no less than 0.001, "
                f"where d is the distance from the window's center, w its side and s {arguments['sigma_scale']}"
            ),
        }
        return (
            f"The image goes through the network in sliding windows of {_times(arguments['roi_size'])} that overlap by "
            f"{arguments['overlap']:.0%}. Along each axis they begin at 0 and every {_times(steps)} voxels from there, "
            "as far as the first that reaches the end of the image; it is moved back to end there. Where windows "
            f"overlap, the mean of their logits is taken, {weights[arguments['mode']]}. A smaller image is padded with "
            "zeros on both sides, by the smaller half first, and the logits are cropped to it."
        )
    return f"`{name}`; see `preprocessing.json`."


def listed(value: Any) -> str:
    """A value as text, a list with its values in brackets."""
    return f"[{', '.join(map(listed, value))}]" if isinstance(value, list | tuple) else str(value)


def _times(sides: Sequence[Any]) -> str:
    return " x ".join(map(str, sides))


def _keys(arguments: Arguments) -> Sequence[str]:
    keys = arguments.get("keys", ())
    return [keys] if isinstance(keys, str) else keys


def _load(arguments: Arguments) -> str:
    windows = arguments["windows"]
    names = [windows] if isinstance(windows, str) else list(windows)
    channels, dims = arguments["channels"], arguments["spatial_dims"]
    color = {1: "one gray channel", 3: "three channels, red, green, blue (or three modalities)"}
    parts = [
        f"Read a {dims}D image with {color.get(channels, f'{channels} channels')} as float32, channels first. The axes "
        "of pictures and DICOM are (row, column), those of NIfTI are turned to right, anterior, superior (RAS). "
        "DICOM's rescale slope and intercept (or modality lookup table) are applied, so that CT is in Hounsfield units."
        + {1: " Color becomes gray by 0.299 red + 0.587 green + 0.114 blue.", 3: " Gray is repeated in all three."}.get(
            channels, ""
        )
    ]
    if names == ["raw"]:
        return f"{parts[0]} The values stay as they are, in their own unit."
    for place, window in enumerate(names):
        where = f"Channel {place + 1}: " if len(names) > 1 else "Values: "
        parts.append(f"{where}{_window(window)}. This range becomes [0, 1], and values outside of it 0 or 1.")
    parts.append(
        "DICOM whose low values are bright (MONOCHROME1) is inverted, from x to 1 - x. In the end, padding of gray "
        "DICOM is 0: what the header calls so (PixelPaddingValue, to PixelPaddingRangeLimit) and, of CT, what is below "
        "-1500 Hounsfield units."
    )
    return " ".join(parts)


def _window(window: Any) -> str:
    if isinstance(window, str) and window in _WINDOWS:
        return _WINDOWS[window]
    center, width = CT_WINDOWS[window] if isinstance(window, str) else window
    name = f"the {window} window, " if isinstance(window, str) else ""
    low, high = center - width / 2, center + width / 2
    return f"{name}center {center:g}, width {width:g} Hounsfield units ({low:g} to {high:g})"


def _normalize(arguments: Arguments) -> str:
    if arguments["subtrahend"] is not None:
        return (
            f"Subtract {arguments['subtrahend']} and divide by {arguments['divisor']}"
            f"{', channel by channel' if arguments['channel_wise'] else ''}."
        )
    where = " that is not 0 (voxels of 0 stay 0)" if arguments["nonzero"] else ""
    which = "each channel" if arguments["channel_wise"] else "the image"
    return f"Shift and scale all{where} of {which} to mean 0 and standard deviation 1."


def _resize(arguments: Arguments) -> str:
    how = _RESIZING.get(arguments["mode"], "")
    if arguments["anti_aliasing"]:
        how += (
            " Where it shrinks, a Gaussian filter comes before, with sigma (m / n - 1) / 2 pixels along the axis, "
            "integrated over each pixel, cut off at 4 sigma, and zeros outside of the image."
        )
    return (
        f"Resize to {_times(arguments['spatial_size'])} pixels (`{arguments['mode']}` interpolation); proportions "
        f"are not kept.{how}"
    )


def _space(arguments: Arguments) -> str:
    return (
        f"Resample to a spacing of {_times(arguments['pixdim'])} mm (`{arguments['mode']}`). Along an axis of m voxels "
        "that are a mm apart, voxel i (from 0) of the new ones, b mm apart, is read at i b / a, and there are "
        "round((m - 1) a / b) + 1 of them; the outermost voxels are repeated outside."
    )


def _activate(arguments: Arguments) -> str | None:
    function = "sigmoid, for each channel" if arguments["sigmoid"] else "softmax over the channels"
    if not arguments["sigmoid"] and not arguments["softmax"]:
        return None
    of = {"pred_mask": " of `mask`", "pred_diagnosis": " of `diagnosis`"}.get(_keys(arguments)[0], "")
    return f"Turn the logits{of} into probabilities: {function}."


def _decode(arguments: Arguments) -> str:
    if arguments["form"] == "classes":
        rule = "each position gets the mask value of the most probable channel"
    else:
        rule = (
            "each position gets the value v for which the sum of the logits of the regions that v is part of is the "
            "largest, 0 (background) being part of none: of a single region, where its probability is above 0.5"
        )
    regions = "; ".join(f"{name}: {', '.join(map(str, values))}" for name, values in arguments["regions"].items())
    return f"Make a mask of the probabilities: {rule}. Mask values of the regions: {regions}."


_SILENT = ("CopyItemsd", "EnsureTyped", "FlattenSubKeysd")

_WORDS: dict[str, Callable[[Arguments], str | None]] = {
    "LoadRadiologyImaged": _load,
    "ZeroBackgroundd": lambda _: (
        "Shift each channel so that its background is 0, where all its corners are of one value."
    ),
    "Spacingd": _space,
    "CropToNonzerod": lambda arguments: (
        f"Crop to the smallest box that holds all that is not 0, with a margin of {arguments['margin']}."
    ),
    "NormalizeIntensityd": _normalize,
    "Resized": _resize,
    "SpatialPadd": lambda arguments: (
        f"Pad with zeros on both sides, by the smaller half first, to at least {_times(arguments['spatial_size'])}."
    ),
    "RepeatChanneld": lambda arguments: (
        f"Give the channel {arguments['repeats']} times." if arguments["repeats"] > 1 else None
    ),
    "Activationsd": _activate,
    "Invertd": lambda _: (
        "Bring the probabilities back to the grid of the file: undo the spatial steps of the preprocessing in reverse "
        "order, with linear interpolation."
    ),
    "DecodeMaskd": _decode,
}
