"""How a training is doing, in one word and one sentence: a function of the rows that it has written.

Nothing is remembered between two calls, so a run that was stopped and continued is judged as one that was not.
The limits were set on runs that ended in good images, the digits, MNIST, Fashion-MNIST, CIFAR-10 and photographs; the
values in brackets below are the worst that any of these had.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

STARTING, HEALTHY, COLLAPSING, DIVERGED = "starting", "healthy", "collapsing", "diverged"
STRONG_DISCRIMINATOR, STRONG_GENERATOR = "discriminator too strong", "generator too strong"
SENTENCES = {
    STARTING: "too early to say",
    HEALTHY: "neither network has won, and the samples, where they were looked at, differ as real images do",
    STRONG_DISCRIMINATOR: "the discriminator rejects every generated image with certainty, so the generator hardly "
    "learns; in a new run try --d_steps=1, --label_smoothing=0.1 or a smaller --learning_rate",
    STRONG_GENERATOR: "the discriminator takes generated images for real ones more often than real ones themselves, so "
    "it has nothing to teach; in a new run try --update=algorithm1 --d_steps=2",
    COLLAPSING: "the samples differ far less from each other than real images do; --checkpoint=best holds the weights "
    "from before; in a new run try a smaller --learning_rate, --ema_decay=0.999 or another --seed",
    DIVERGED: "losses have grown beyond all bounds; --checkpoint=best holds the weights from before; in a new run try "
    "a quarter of --learning_rate",
}
RUINED = (COLLAPSING, DIVERGED)
"""States from which a run does not come back by itself, where --stop_on_collapse ends it."""

WINDOW_STEPS, WINDOW_ROWS = 200, 5
LARGEST_LOSS = 20.0  # (8.4, and single rows of 12.4)
SURE_REJECTION, SURE_ACCURACY = 0.01, 0.99  # of D(G(z)) (0.015) and of the discriminator's accuracy
FOOLED_ACCURACY = 0.45  # (0.56; about one half is also what a perfect generator would give)
LEAST_DIVERSITY = 0.25  # (0.45 early)
LATE_STEPS, LATE_DIVERSITY = 2000, 0.5  # by then (0.92)
ONCE_DIVERSE, FALL = 0.8, 0.55  # a ratio that had reached the first, and is now less than 0.55 of its peak (0.58, once)


@dataclass(frozen=True)
class Verdict:
    """A state, and what to think of it."""

    state: str

    @property
    def sentence(self) -> str:
        """What is happening and what to try."""
        return SENTENCES[self.state]

    @property
    def ruined(self) -> bool:
        """Whether to go on is a waste of time."""
        return self.state in RUINED

    def __str__(self) -> str:
        return f"{self.state}: {self.sentence}"


def judge(rows: Sequence[Mapping[str, float]], scores: Sequence[Mapping[str, float]] = ()) -> Verdict:
    """The state after the last row.

    Rows are judged by their medians over the last 200 steps, at least 5 rows: a single bad row is no verdict.

    Args:
        rows: those of `metrics.jsonl`, by step.
        scores: those of `scores.jsonl`, by step; without them no collapse is noticed.
    """
    if rows and not all(map(math.isfinite, _numbers(rows[-1]))):
        return Verdict(DIVERGED)
    window = _window(rows)
    if window and median(max(row["d_loss"], row["g_loss"]) for row in window) > LARGEST_LOSS:
        return Verdict(DIVERGED)
    if _collapsing(scores):
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
    """The rows to judge by; none before there are enough."""
    if len(rows) < WINDOW_ROWS or rows[-1]["step"] < WINDOW_STEPS:
        return ()
    recent = [row for row in rows if row["step"] > rows[-1]["step"] - WINDOW_STEPS]
    return recent if len(recent) >= WINDOW_ROWS else rows[-WINDOW_ROWS:]


def _collapsing(scores: Sequence[Mapping[str, float]]) -> bool:
    """Whether the last two looks at the samples found them alike.

    Samples of the first few hundred steps are rather alike in healthy runs as well, so it takes very little diversity,
    or little of it late, or the loss of one that there had been. Looks at an untrained generator do not count.
    """
    looks = [score for score in scores if score["step"] >= WINDOW_STEPS]
    return len(looks) > 1 and all(_alike(looks, index) for index in (len(looks) - 2, len(looks) - 1))


def _alike(looks: Sequence[Mapping[str, float]], index: int) -> bool:
    look, past = looks[index], looks[: index + 1]
    if look["diversity"] < LEAST_DIVERSITY or (look["step"] >= LATE_STEPS and look["diversity"] < LATE_DIVERSITY):
        return True
    # What is beyond that of real images is noise, and its loss is no loss.
    peaks = {name: min(1.0, max(each[name] for each in past)) for name in ("diversity", "closest")}
    return any(peak >= ONCE_DIVERSE and look[name] < FALL * peak for name, peak in peaks.items())
