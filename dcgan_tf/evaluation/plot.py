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
        for (extractor, weights, _), by_step in drawn.items():
            points = [by_step[step] for step in sorted(by_step)]
            steps, values, deviations = ([point.get(key) for point in points] for key in ("step", "value", "deviation"))
            bars = [deviation or 0.0 for deviation in deviations] if any(deviations) else None
            axes.errorbar(steps, values, bars, marker="o", markersize=3, linewidth=1, label=f"{extractor}, {weights}")
        if _spread([point for by_step in drawn.values() for point in by_step.values()]):
            axes.set_yscale("log")
        axes.set_title(metric, fontsize="medium")
        axes.set_xlabel("step")
        axes.grid(alpha=0.3)
        axes.legend(fontsize="x-small")
    for axes in grid[len(panels) :]:
        axes.axis("off")
    with files.written_aside(run.evaluations_picture) as temporary:
        figure.savefig(temporary, format="png", dpi=120)


def _spread(points: list[dict]) -> bool:
    """Whether small values are good and would, beside an untrained generator's, all lie on the ground."""
    values = [point["value"] for point in points]
    return points[0].get("better") == "lower" and min(values) > 0 and max(values) > WIDE * min(values)
