"""A run as one picture: losses, outputs of the discriminator, and scores of the samples."""

from collections.abc import Mapping, Sequence
from typing import Any

from dcgan_tf import checkpoints, files
from dcgan_tf.checkpoints import Score
from dcgan_tf.runs import RunDirectory
from dcgan_tf.training.evaluator import FRECHET_RANDOM
from dcgan_tf.training.row_file import Thinned

MOST_POINTS = 2000
"""Of a longer run every second, fourth, ... row is drawn."""
FEW_POINTS = 100  # so few are marked, and one alone can be seen

LOSSES = {"d_loss": "discriminator D", "g_loss": "generator G"}
OUTPUTS = {
    "d_real": "D's output for real images, D(x)",
    "d_fake": "D's output for generated images, D(G(z))",
    "d_accuracy": "share of images that D gets right",
}
VARIETY = {"diversity": "distance of any two", "closest": "distance to the most similar one"}
NO_SCORES = ("step", "seconds", "provisional")  # what else a row of `scores.jsonl` holds


def draw(directory: RunDirectory, rows: Thinned, scores: Thinned) -> None:
    """Draws rows of `metrics.jsonl`, and those of `scores.jsonl` in two further panels if there are any."""
    from matplotlib.figure import Figure  # takes half a second to import

    panels = 4 if scores.items else 2
    figure = Figure(figsize=(10, 2.6 * panels), layout="constrained")
    axes = figure.subplots(panels, 1, sharex=True)
    _lines(axes[0], rows.items, LOSSES)
    _lines(axes[1], rows.items, OUTPUTS)
    axes[0].set_title("Losses", loc="left")
    axes[1].set_title("Discriminator D", loc="left")
    axes[1].set_ylim(-0.02, 1.02)
    axes[1].set_ylabel("0: generated, 1: real")
    if scores.items:
        _draw_scores(axes[2], scores.items, checkpoints.best_score(directory))
        _lines(axes[3], scores.items, VARIETY)
        axes[3].set_title("Variety of samples (real images: 1)", loc="left")
        axes[3].set_ylim(0, 1.05 * axes[3].get_ylim()[1])
    for each in axes:
        each.grid(alpha=0.3)
        each.margins(x=0.01)
        each.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=3, fontsize="small", frameon=False)
    axes[-1].xaxis.set_major_formatter("{x:,.0f}")
    axes[-1].set_xlabel("step" if rows.stride == 1 else f"step (one report in {rows.stride} is drawn)")
    figure.suptitle(directory.path.name)
    with files.written_aside(directory.curves_file) as temporary:
        figure.savefig(temporary, format="png", dpi=120)
    figure.clear()  # else more stays in memory until Python looks for cycles


def _lines(axes, rows: Sequence[Mapping[str, Any]], names: Mapping[str, str], **style) -> None:
    style["marker"] = "." if len(rows) < FEW_POINTS else None
    for name, label in names.items():
        points = [(row["step"], row[name]) for row in rows if name in row]
        axes.plot(*zip(*points, strict=True), label=label, linewidth=1, **style)


def _draw_scores(axes, scores: Sequence[Mapping[str, Any]], best: Score | None) -> None:
    """Logarithmic where that is possible, because scores fall by orders of magnitude."""
    from matplotlib.ticker import LogLocator

    names = dict.fromkeys(name for row in scores for name in row if name not in (*NO_SCORES, *VARIETY))
    _lines(axes, scores, {name: _score_label(name) for name in names}, color="black")
    if best:
        label = f"best checkpoint, step {best.step:,}"
        axes.plot(best.step, best.value, "*", markersize=12, color="tab:red", label=label)
    title = "Quality of samples"
    if best:
        title += ": lower is better" if best.lower_is_better else ": higher is better"
    axes.set_title(title, loc="left")
    positive = all(row[name] > 0 for row in scores for name in names if name in row)
    if positive:
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter("")


def _score_label(name: str) -> str:
    return "Fréchet distance to training images" if name == FRECHET_RANDOM else name
