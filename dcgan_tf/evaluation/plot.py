"""`evaluations.png`: every metric over the steps of the run."""

from collections import defaultdict
from typing import Any

from dcgan_tf import files
from dcgan_tf.runs import RunDirectory

COLUMNS = 3
WIDE = 10  # times the smallest value


def draw(run: RunDirectory, rows: list[dict[str, Any]]) -> None:
    """Draws the last row of each step, without controls; nothing if there are none.

    A line has one extractor, one kind of weights and one set of real images; others would be different quantities.
    """
    from matplotlib.figure import Figure  # takes half a second to import

    panels: dict[str, dict[tuple, dict[int, dict]]] = defaultdict(lambda: defaultdict(dict))
    for row in rows:
        if row.get("control") is None and row.get("step") is not None:
            line = (row.get("extractor") or "pixels", row.get("weights"), row.get("split"))
            panels[row["metric"]][line][row["step"]] = row
    if not panels:
        return
    columns = min(COLUMNS, len(panels))
    lines = -(-len(panels) // columns)
    figure = Figure(figsize=(4.2 * columns, 3.2 * lines), layout="constrained")
    grid = figure.subplots(lines, columns, squeeze=False).ravel()
    for axes, (metric, drawn) in zip(grid, panels.items(), strict=False):
        for (extractor, weights, _), points in drawn.items():
            _line(axes, [points[step] for step in sorted(points)], f"{extractor}, {weights}")
        _scale(axes, [point for points in drawn.values() for point in points.values()])
        axes.set_title(metric, fontsize="medium")
        axes.set_xlabel("step")
        axes.grid(alpha=0.3)
        axes.legend(fontsize="x-small")
    for axes in grid[len(panels) :]:
        axes.axis("off")
    with files.written_aside(run.evaluations_picture) as temporary:
        figure.savefig(temporary, format="png", dpi=120)


def _scale(axes: Any, points: list[dict]) -> None:
    """Logarithmic if small values are good: beside an untrained generator, all others would lie on the ground."""
    values = [point["value"] for point in points]
    if points[0].get("better") == "lower" and min(values) > 0 and max(values) > WIDE * min(values):
        axes.set_yscale("log")


def _line(axes: Any, points: list[dict], label: str) -> None:
    deviations = [point.get("deviation") or 0.0 for point in points]
    axes.errorbar(
        [point["step"] for point in points],
        [point["value"] for point in points],
        yerr=deviations if any(deviations) else None,
        marker="o",
        markersize=3,
        linewidth=1,
        label=label,
    )
