"""The command line: ``python -m monai_ssl.compare a/cases.csv b/cases.csv ...``."""

import argparse
import csv
import sys
from collections.abc import Sequence
from pathlib import Path

from monai_ssl.compare.cases import Scores, read_scores
from monai_ssl.compare.report import compare_runs, csv_rows, format_report
from monai_ssl.errors import InputError
from monai_ssl.files import write_whole

_HELP = """Compare runs on the same test images, by the tables that their evaluations write: cases.csv.

Each run is compared with the first: mean difference with its interval, paired t-test and Wilcoxon's signed-rank test,
both with Holm's correction for the number of runs, effect sizes and Pearson's correlation; and all by a one-way
analysis of variance. The images of one patient are averaged before."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare, print, and write a table.

    Returns:
        The exit code: 0, or 2 when the input cannot be used.
    """
    parser = argparse.ArgumentParser(
        prog="python -m monai_ssl.compare", description=_HELP, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tables", nargs="+", type=Path, help="a CSV a run, the reference first")
    parser.add_argument("--names", nargs="+", help="of the runs; by default what tells their paths apart")
    parser.add_argument("--metrics", nargs="+", help="columns to compare; by default all that every table has")
    parser.add_argument("--by_image", action="store_true", help="compare images, not patients")
    parser.add_argument("--output", type=Path, help="a CSV to write the comparison to")
    options = parser.parse_args(arguments)
    try:
        print(_compare(options))
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _compare(options: argparse.Namespace) -> str:
    names = options.names or _names(options.tables)
    if len(set(names)) != len(options.tables) or len(names) != len(options.tables):
        raise InputError(f"{len(options.tables)} tables need as many `--names`, each its own, got {names}.")
    runs = {name: read_scores(path, options.by_image) for name, path in zip(names, options.tables, strict=True)}
    metrics = _common_metrics(runs, options.metrics)
    regions = list(dict.fromkeys(region for _, region in next(iter(runs.values()))[metrics[0]]))
    reports = compare_runs(runs, metrics, regions)
    if options.output:
        with write_whole(options.output) as path, path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(csv_rows(reports))
    unit = "images" if options.by_image else "patients"
    written = [f"Table: {options.output}"] if options.output else []
    return "\n\n".join([*(format_report(report, unit) for report in reports), *written])


def _common_metrics(runs: dict[str, Scores], wanted: Sequence[str] | None) -> list[str]:
    common = [metric for metric in next(iter(runs.values())) if all(metric in scores for scores in runs.values())]
    if unknown := [metric for metric in wanted or () if metric not in common]:
        raise InputError(f"Not all tables have {', '.join(unknown)}; all have {', '.join(common) or 'none'}.")
    if not common:
        raise InputError("The tables have no metric in common. Compare evaluations of one kind.")
    return list(wanted or common)


def _names(tables: Sequence[Path]) -> list[str]:
    """The parts of the paths that are not the same in all of them."""
    parts = [path.absolute().with_suffix("").parts for path in tables]
    differing = [
        [part for level, part in enumerate(path) if any(other[level : level + 1] != (part,) for other in parts)]
        for path in parts
    ]
    return ["/".join(name) or path.stem for name, path in zip(differing, tables, strict=True)]


if __name__ == "__main__":
    sys.exit(main())
