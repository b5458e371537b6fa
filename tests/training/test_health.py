"""Every verdict, from made-up rows; real runs are in test_collapse.py."""

import pytest

from dcgan_tf.cli import console
from dcgan_tf.training import health

FAIR = {"d_loss": 1.0, "g_loss": 1.5, "d_real": 0.7, "d_fake": 0.3, "d_accuracy": 0.85}


def rows(count: int = 30, every: int = 20, **values: float) -> list[dict]:
    return [{"step": every * (index + 1), **FAIR, **values} for index in range(count)]


def evaluations(*values: float, every: int = 500, closest: float | None = None) -> list[dict]:
    return [
        {"step": every * index, "diversity": value, "closest": value if closest is None else closest}
        for index, value in enumerate(values)
    ]


def test_the_first_steps_are_too_early_to_say():
    assert health.Judge().verdict([]).state == health.STARTING
    assert health.Judge().verdict(rows(9)).state == health.STARTING
    assert health.Judge().verdict(rows(10)).state == health.HEALTHY


@pytest.mark.parametrize(
    ("values", "state"),
    [
        ({}, health.HEALTHY),
        ({"d_fake": 0.02, "d_real": 0.98, "d_accuracy": 1.0}, health.HEALTHY),  # as on the digits
        ({"d_fake": 0.495, "d_real": 0.505, "d_accuracy": 0.52}, health.HEALTHY),  # as conditional MNIST
        ({"g_loss": 12.0}, health.HEALTHY),  # as photographs in the beginning
        ({"d_fake": 0.001, "d_real": 0.99, "d_accuracy": 1.0}, health.STRONG_DISCRIMINATOR),
        ({"d_fake": 0.001, "d_real": 0.9, "d_accuracy": 1.0}, health.STRONG_DISCRIMINATOR),  # labels smoothed
        ({"d_fake": 0.7, "d_real": 0.4, "d_accuracy": 0.3}, health.STRONG_GENERATOR),
        ({"d_loss": 50.0}, health.DIVERGED),
        ({"g_loss": float("nan")}, health.DIVERGED),
    ],
)
def test_what_the_discriminator_says(values, state):
    assert health.Judge().verdict(rows(**values)).state == state


def test_one_value_that_is_not_finite_is_enough_and_at_any_time():
    assert health.Judge().verdict([*rows(2), {"step": 60, **FAIR, "d_loss": float("inf")}]).state == health.DIVERGED


def test_a_few_bad_rows_are_no_verdict():
    bad = {"d_fake": 0.0, "d_real": 1.0, "d_accuracy": 1.0, "g_loss": 90.0}
    mixed = [row | bad if index % 5 == 0 else row for index, row in enumerate(rows())]
    assert health.Judge().verdict(mixed).state == health.HEALTHY


@pytest.mark.parametrize("every", [1, 20, 1000])
def test_the_pace_of_the_rows_does_not_matter(every):
    strong = {"d_fake": 0.0, "d_real": 1.0, "d_accuracy": 1.0}
    before = rows(300, every)
    late = [row | strong if row["step"] > before[-1]["step"] - max(210, 5 * every) else row for row in before]
    assert health.Judge().verdict(late).state == health.STRONG_DISCRIMINATOR


@pytest.mark.parametrize(
    ("scores", "state"),
    [
        (evaluations(0.6, 0.9, 1.0, 1.0), health.HEALTHY),
        (evaluations(0.1, 0.1, every=100), health.HEALTHY),  # nothing is learned yet
        (evaluations(0.9, 0.45, 0.46, 0.9, every=250), health.HEALTHY),  # pale and blurred on the way to good images
        (evaluations(0.6, 0.1), health.HEALTHY),  # one evaluation
        (evaluations(0.6, 0.1, 0.1), health.COLLAPSING),  # one image from the beginning
        (evaluations(0.6, 0.4, 0.4, 0.4, 0.4, 0.4), health.COLLAPSING),  # never became diverse
        (evaluations(0.6, 0.9, 1.0, 0.5, 0.5), health.COLLAPSING),  # lost it
        (evaluations(0.6, 0.9, 1.0, 0.5), health.HEALTHY),
        (evaluations(0.6, 0.9, 0.1, 0.1, 0.9), health.HEALTHY),  # and came back
        (evaluations(0.6, 2.0, 2.0, 0.9, 0.9), health.HEALTHY),  # it was noise that was lost
    ],
)
def test_what_the_samples_say(scores, state):
    assert health.Judge(scores).verdict(rows()).state == state


def test_copies_of_a_few_images_are_a_collapse_although_pairs_differ():
    scores = evaluations(0.9, 0.9, 0.9) + [{"step": step, "diversity": 0.9, "closest": 0.01} for step in (1500, 2000)]
    assert health.Judge(scores).verdict(rows()).state == health.COLLAPSING


@pytest.mark.parametrize(("state", "sentence"), health.SENTENCES.items())
def test_every_setting_in_a_sentence_is_a_flag(state, sentence):
    shown = console.with_dashes(sentence)
    assert "`" not in shown
    assert ("--" in shown) == (state not in (health.STARTING, health.HEALTHY))
