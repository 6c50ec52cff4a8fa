"""The comparison of runs as a table, in the terminal and as CSV."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from monai_ssl.compare.cases import Scores, join_scores
from monai_ssl.compare.statistics import Anova, Comparison, compare, holm, one_way_anova

__all__ = ["MetricReport", "compare_runs", "csv_rows", "format_report"]

_COLUMNS = ("run", "mean", "difference [95 % CI]", "t-test p", "Holm", "d", "Wilcoxon p", "Holm", "r_rb", "Pearson r")


@dataclass(frozen=True)
class MetricReport:
    """One metric of one region, in all runs.

    Attributes:
        metric: its name.
        region: the region's; ``""`` where there are none.
        means: mean and standard deviation by run, the reference first.
        anova: of all runs.
        comparisons: the others against the reference.
        t_holm: their p of the t-test, adjusted for the number of runs.
        wilcoxon_holm: that of Wilcoxon's test.
    """

    metric: str
    region: str
    means: dict[str, tuple[float, float]]
    anova: Anova
    comparisons: dict[str, Comparison]
    t_holm: dict[str, float]
    wilcoxon_holm: dict[str, float]


def compare_runs(runs: Mapping[str, Scores], metrics: Sequence[str], regions: Sequence[str]) -> list[MetricReport]:
    """Compare all runs with the first, each metric of each region by itself.

    Args:
        runs: scores by the run's name.
        metrics: names of metrics that all have.
        regions: names of regions that all have.

    Raises:
        InputError: when the runs are not of the same patients, or these are too few.
    """
    return [_compare(join_scores(runs, metric, region), metric, region) for region in regions for metric in metrics]


def _compare(values: Mapping[str, Sequence[float]], metric: str, region: str) -> MetricReport:
    reference, *others = values
    anova = one_way_anova(list(values.values()))
    comparisons = {name: compare(values[reference], values[name]) for name in others}
    t_holm = holm([comparison.t_p for comparison in comparisons.values()])
    wilcoxon_holm = holm([comparison.wilcoxon_p for comparison in comparisons.values()])
    return MetricReport(
        metric=metric,
        region=region,
        means={name: (float(np.mean(some)), float(np.std(some, ddof=1))) for name, some in values.items()},
        anova=anova,
        comparisons=comparisons,
        t_holm=dict(zip(others, t_holm, strict=True)),
        wilcoxon_holm=dict(zip(others, wilcoxon_holm, strict=True)),
    )


def format_report(report: MetricReport, unit: str) -> str:
    """Format as text: a row a run, the reference first.

    Args:
        report: of one metric.
        unit: what the values are of: "patients" or "images".
    """
    reference, *others = report.means
    count = next(iter(report.comparisons.values())).count
    title = f"{report.metric}{f', {report.region}' if report.region else ''}: {count} {unit}"
    anova = report.anova
    rows: list[Sequence[str]] = [_COLUMNS, [reference, _mean(report, reference), *[""] * (len(_COLUMNS) - 2)]]
    for name in others:
        c = report.comparisons[name]
        rows.append(
            [
                name,
                _mean(report, name),
                f"{c.difference:+.3f} [{c.low:+.3f}, {c.high:+.3f}]",
                _p(c.t_p),
                _p(report.t_holm[name]),
                f"{c.cohens_d:+.2f}",
                _p(c.wilcoxon_p),
                _p(report.wilcoxon_holm[name]),
                f"{c.rank_biserial:+.2f}",
                f"{c.pearson_r:.2f}",
            ]
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(_COLUMNS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    summary = f"One-way ANOVA: F = {anova.f:.3g}, p {_p(anova.p)}, eta^2 = {anova.eta_squared:.3f}"
    return "\n".join([title, "", *lines, "", summary])


def csv_rows(reports: Sequence[MetricReport]) -> list[list[Any]]:
    """Give a header, and a row a metric, region and run; the reference has no tests."""
    names = list(Comparison.__dataclass_fields__)
    first = ["metric", "region", "run", "reference", "mean", "standard_deviation", "anova_f", "anova_p", "eta_squared"]
    rows: list[list[Any]] = [[*first, *names, "t_p_holm", "wilcoxon_p_holm"]]
    for report in reports:
        reference = next(iter(report.means))
        for name, (mean, deviation) in report.means.items():
            row = [report.metric, report.region, name, reference, mean, deviation, *asdict(report.anova).values()]
            if name in report.comparisons:
                tests = asdict(report.comparisons[name]).values()
                rows.append([*row, *tests, report.t_holm[name], report.wilcoxon_holm[name]])
            else:
                rows.append([*row, *[None] * (len(names) + 2)])
    return rows


def _mean(report: MetricReport, name: str) -> str:
    mean, deviation = report.means[name]
    return f"{mean:.3f} ± {deviation:.3f}"


def _p(value: float) -> str:
    return "< .001" if value < 0.001 else f"{value:.3f}".replace("0.", ".", 1) if value < 1 else "1"
