"""Training health in one word and one sentence, as a function of the rows that training has written.

Nothing else is remembered, so a run that was continued is judged like one that never stopped. The limits were set on
runs that ended in good images (digits, MNIST, Fashion-MNIST, CIFAR-10, photographs); the values in parentheses below
are the worst seen in any of them.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

STARTING, HEALTHY, COLLAPSING, DIVERGED = "starting", "healthy", "collapsing", "diverged"
STRONG_DISCRIMINATOR, STRONG_GENERATOR = "discriminator too strong", "generator too strong"
SENTENCES = {
    STARTING: "too early to tell",
    HEALTHY: "neither network has won, and the evaluated samples differ from each other as real images do",
    STRONG_DISCRIMINATOR: "the discriminator rejects every generated image with certainty, so the generator hardly "
    "learns; in a new run try `d_steps=1`, `label_smoothing=0.1` or a smaller `learning_rate`",
    STRONG_GENERATOR: "the discriminator accepts generated images more often than real ones, so the generator learns "
    "nothing from it; in a new run try `update=algorithm1` with `d_steps=2`",
    COLLAPSING: "the samples differ far less from each other than real images do; `checkpoint=best` holds the weights "
    "from before; in a new run try a smaller `learning_rate`, `ema_decay=0.999` or another `seed`",
    DIVERGED: "the losses have grown out of bounds; `checkpoint=best` holds the weights from before; in a new run try "
    "a quarter of the `learning_rate`",
}
RUINED = (COLLAPSING, DIVERGED)
"""States from which a run does not recover; the setting `stop_on_collapse` ends training there."""

WINDOW_STEPS, WINDOW_ROWS = 200, 5
MOST_ROWS = WINDOW_STEPS  # there is at most one row for each step
LARGEST_LOSS = 20.0  # (8.4, and single rows of 12.4)
SURE_REJECTION, SURE_ACCURACY = 0.01, 0.99  # D(G(z)) (0.015) and accuracy of the discriminator
FOOLED_ACCURACY = 0.45  # (0.56; a perfect generator would give about 0.5)
LEAST_DIVERSITY = 0.25  # (0.45 early)
LATE_STEPS, LATE_DIVERSITY = 2000, 0.5  # from that step on (0.92)
ONCE_DIVERSE, FALL = 0.8, 0.55  # a ratio that reached 0.8 and fell below 0.55 of its peak (0.58, once)


@dataclass(frozen=True)
class Verdict:
    """A state, and what to do about it."""

    state: str

    @property
    def sentence(self) -> str:
        """What is happening, and what to try; settings stand between backticks."""
        return SENTENCES[self.state]

    @property
    def ruined(self) -> bool:
        """Whether training on is a waste of time."""
        return self.state in RUINED

    def __str__(self) -> str:
        return f"{self.state}: {self.sentence}"


class Judge:
    """Judges a run again and again while it trains, at a cost that does not depend on its length.

    Args:
        scores: the rows of `scores.jsonl` so far, by step; without any, a collapse is not detected.
    """

    def __init__(self, scores: Iterable[Mapping[str, float]] = ()):
        self._peaks = {"diversity": 0.0, "closest": 0.0}
        self._alike = (False, False)  # in the last two evaluations
        for score in scores:
            self.add(score)

    def add(self, score: Mapping[str, float]) -> None:
        """Takes the next row of `scores.jsonl`.

        Samples are rather alike in the first few hundred steps of healthy runs too. So a collapse is very little
        diversity, or little of it late, or the loss of diversity that there was, in two evaluations in a row.
        Evaluations of an untrained generator do not count.
        """
        if score["step"] < WINDOW_STEPS:
            return
        # Samples that differ more than real images are noise, and losing noise is no collapse: peaks end at 1.
        self._peaks = {name: min(1.0, max(peak, score[name])) for name, peak in self._peaks.items()}
        little = score["diversity"] < (LATE_DIVERSITY if score["step"] >= LATE_STEPS else LEAST_DIVERSITY)
        lost = any(peak >= ONCE_DIVERSE and score[name] < FALL * peak for name, peak in self._peaks.items())
        self._alike = (self._alike[1], little or lost)

    def verdict(self, rows: Sequence[Mapping[str, float]]) -> Verdict:
        """The state after the last row.

        Medians over the last 200 steps, and at least 5 rows, decide: a single bad row is not a verdict.

        Args:
            rows: those of `metrics.jsonl`, by step; the last `MOST_ROWS` are enough.
        """
        if rows and not all(map(math.isfinite, _numbers(rows[-1]))):
            return Verdict(DIVERGED)
        window = _window(rows)
        if window and median(max(row["d_loss"], row["g_loss"]) for row in window) > LARGEST_LOSS:
            return Verdict(DIVERGED)
        if all(self._alike):
            return Verdict(COLLAPSING)
        if not window:
            return Verdict(STARTING)
        real, fake, accuracy = (median(row[name] for row in window) for name in ("d_real", "d_fake", "d_accuracy"))
        if fake < SURE_REJECTION and accuracy > SURE_ACCURACY:
            return Verdict(STRONG_DISCRIMINATOR)
        if fake > real and accuracy < FOOLED_ACCURACY:
            return Verdict(STRONG_GENERATOR)
        return Verdict(HEALTHY)


def _numbers(row: Mapping[str, float]) -> list[float]:
    return [row[name] for name in ("d_loss", "g_loss", "d_real", "d_fake", "d_accuracy")]


def _window(rows: Sequence[Mapping[str, float]]) -> Sequence[Mapping[str, float]]:
    """The rows to judge by; none until there are enough."""
    if len(rows) < WINDOW_ROWS or rows[-1]["step"] < WINDOW_STEPS:
        return ()
    recent = [row for row in rows if row["step"] > rows[-1]["step"] - WINDOW_STEPS]
    return recent if len(recent) >= WINDOW_ROWS else rows[-WINDOW_ROWS:]
