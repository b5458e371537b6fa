"""The rows of a run as one picture: losses, what the discriminator says, and how good the samples are."""

from collections.abc import Sequence
from typing import Any

from dcgan_tf import files
from dcgan_tf.runs import RunDirectory

LOSSES = {"d_loss": "discriminator", "g_loss": "generator"}
SCORES = {
    "d_real": "D(x), real images",
    "d_fake": "D(G(z)), generated images",
    "d_accuracy": "share D gets right",
}
RATIOS = {"diversity": "distances of samples / of real images", "closest": "the same to the closest"}
NOT_DRAWN = {"step", "seconds", "provisional", *RATIOS}


def draw(run: RunDirectory, rows: Sequence[dict[str, Any]], scores: Sequence[dict[str, Any]] = ()) -> None:
    """Draws the rows of `metrics.jsonl`, and where there are any those of `scores.jsonl` in a third panel."""
    from matplotlib.figure import Figure  # takes half a second to import

    panels = 3 if scores else 2
    figure = Figure(figsize=(10, 3 * panels), layout="constrained")
    axes = figure.subplots(panels, 1, sharex=True)
    for each, names, label in zip(axes, (LOSSES, SCORES), ("loss", "score"), strict=False):
        _lines(each, rows, names)
        each.set_ylabel(label)
    if scores:
        _draw_scores(axes[2], scores)
    for each in axes:
        each.grid(alpha=0.3)
        each.legend(loc="upper left", bbox_to_anchor=(1.06 if scores else 1.01, 1.0), fontsize="small")
    axes[-1].set_xlabel("step")
    axes[0].set_title(run.path.name)
    with files.written_aside(run.curves_file) as temporary:
        figure.savefig(temporary, format="png", dpi=120)


def _lines(axes, rows: Sequence[dict[str, Any]], names: dict[str, str], **style) -> None:
    for name, label in names.items():
        there = [row for row in rows if name in row]
        axes.plot([row["step"] for row in there], [row[name] for row in there], label=label, linewidth=1, **style)


def _draw_scores(axes, scores: Sequence[dict[str, Any]]) -> None:
    """Scores on the left, on a logarithmic scale since they fall by orders of magnitude; ratios on the right."""
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
