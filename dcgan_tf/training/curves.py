"""The rows of a run as one picture: losses, outputs of the discriminator, and scores of the samples."""

from collections.abc import Sequence
from typing import Any

from dcgan_tf import files
from dcgan_tf.runs import RunDirectory

LOSSES = {"d_loss": "discriminator", "g_loss": "generator"}
OUTPUTS = {
    "d_real": "D(x), real images",
    "d_fake": "D(G(z)), generated images",
    "d_accuracy": "accuracy of D",
}
RATIOS = {"diversity": "distances between samples / between real images", "closest": "the same, nearest neighbor only"}
NOT_DRAWN = {"step", "seconds", "provisional", *RATIOS}


def draw(directory: RunDirectory, rows: Sequence[dict[str, Any]], scores: Sequence[dict[str, Any]] = ()) -> None:
    """Draws the rows of `metrics.jsonl`, and those of `scores.jsonl` in a third panel if there are any."""
    from matplotlib.figure import Figure  # takes half a second to import

    panels = 3 if scores else 2
    figure = Figure(figsize=(10, 3 * panels), layout="constrained")
    axes = figure.subplots(panels, 1, sharex=True)
    for each, names, label in zip(axes, (LOSSES, OUTPUTS), ("loss", "discriminator"), strict=False):
        _lines(each, rows, names)
        each.set_ylabel(label)
    if scores:
        _draw_scores(axes[2], scores)
    for each in axes:
        each.grid(alpha=0.3)
        each.legend(loc="upper left", bbox_to_anchor=(1.06 if scores else 1.01, 1.0), fontsize="small")
    axes[-1].set_xlabel("step")
    axes[0].set_title(directory.path.name)
    with files.written_aside(directory.curves_file) as temporary:
        figure.savefig(temporary, format="png", dpi=120)


def _lines(axes, rows: Sequence[dict[str, Any]], names: dict[str, str], **style) -> None:
    for name, label in names.items():
        points = [(row["step"], row[name]) for row in rows if name in row]
        axes.plot(*zip(*points, strict=True), label=label, linewidth=1, **style)


def _draw_scores(axes, scores: Sequence[dict[str, Any]]) -> None:
    """Scores on the left axis, logarithmic because they fall by orders of magnitude; ratios on the right one."""
    names = dict.fromkeys(name for row in scores for name in row if name not in NOT_DRAWN)
    positive = all(row[name] > 0 for row in scores for name in names if name in row)
    _lines(axes, scores, {name: name for name in names}, marker=".", color="black")
    axes.set_yscale("log" if positive else "linear")
    axes.set_ylabel("score of samples")
    ratios = axes.twinx()
    _lines(ratios, scores, RATIOS, linestyle="--")
    ratios.set_ylim(bottom=0)
    ratios.set_ylabel("ratio")
    ratios.legend(loc="lower left", bbox_to_anchor=(1.06, 0.0), fontsize="small")
