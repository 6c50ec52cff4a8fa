"""Where a bundle is, and where its run writes."""

from pathlib import Path

from monai_ssl.errors import InputError

__all__ = ["find_bundle_root"]


def find_bundle_root(name: str) -> str:
    """Find a bundle's folder from the current one, so that one command works from the repository's root and inside it.

    Args:
        name: the bundle's folder name, such as ``"noteacher"``.

    Returns:
        The current folder if it is the bundle, else ``bundles/<name>`` or ``<name>`` below it; absolute.

    Raises:
        InputError: when there is neither.
    """
    here = Path.cwd()
    for folder in (here, here / "bundles" / name, here / name):
        if folder.name == name and (folder / "configs" / "train.json").is_file():
            return str(folder)
    raise InputError(
        f"{here}: the bundle {name!r} is neither here nor in `bundles/`. Run from the repository's root or the "
        "bundle's folder, or give `--bundle_root`."
    )
