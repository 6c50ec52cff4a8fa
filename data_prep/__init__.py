"""Making data sets for the bundles: ``python -m data_prep {demo,folder}``."""

__all__: list[str] = []
