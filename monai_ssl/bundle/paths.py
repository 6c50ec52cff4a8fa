"""Where a bundle is, and where its run writes."""

from pathlib import Path

from monai_ssl.errors import InputError

__all__ = ["find_bundle_root"]


def find_bundle_root(name: str) -> str:
    """Find a bundle's folder from the current one, so that one command works from the repository's root and inside it.

    A bundle may lie by itself in a folder of any name, as that of an archive (``noteacher_v0.1.0``). There its own
    ``train.json`` says which bundle it is, so that one bundle's run never writes into the folder of another.

    Args:
        name: the bundle's name, such as ``"noteacher"``.

    Returns:
        The current folder if it is the bundle, else ``bundles/<name>`` or ``<name>`` below it; absolute.

    Raises:
        InputError: when there is neither.
    """
    here = Path.cwd()
    for folder in (here, here / "bundles" / name, here / name):
        config = folder / "configs" / "train.json"
        if config.is_file() and (folder.name == name or _asks_for(config, name)):
            return str(folder)
    raise InputError(
        f"{here}: the bundle {name!r} is neither here nor in `bundles/`. Run from the repository's root or the "
        "bundle's folder, or give `--bundle_root`."
    )


def _asks_for(config: Path, name: str) -> bool:
    """Whether a configuration looks for the bundle of this name, too."""
    return f"find_bundle_root('{name}')" in config.read_text(encoding="utf-8", errors="replace")
