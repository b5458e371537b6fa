from dataclasses import replace

import numpy as np
import pytest

from dcgan_tf.metrics import METRICS, Inputs, Moments, Reading, compute, metric, registry

SAMPLES = 1200
NAMES = [f"{row.family}_{SAMPLES}" for row in registry.TABLE if row.function]


def features(seed, count=SAMPLES, noise=0.0):
    generator = np.random.default_rng(seed)
    values = generator.normal(0, 1, (count, 6)) * [1, 1, 1, 0.5, 0.5, 0.2]
    return (values + noise * generator.normal(0, 1, (count, 6))).astype(np.float32)


def inputs(noise=0.0, count=SAMPLES) -> Inputs:
    """Samples of the data distribution, or worse ones with more noise."""
    logits = np.random.default_rng(4).normal(0, 4 / (1 + noise), (count, 10))
    return Inputs(
        draw=lambda stream: np.random.default_rng([ord(letter) for letter in stream]),
        real_features=features(0, 2 * SAMPLES),
        test_features=features(1, 2000),
        generated_features=features(2, count, noise),
        probabilities=np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True),
    )


@pytest.fixture(scope="module")
def readings() -> list[dict[str, Reading]]:
    return [compute(NAMES, inputs(noise)) for noise in (0.0, 0.4, 1.2)]


def test_the_usual_names():
    assert {"frechet_10k", "frechet_50k", "kernel_10k", "inception_score_10k", "nearest_neighbor_10m"} <= set(METRICS)
    for name, each in METRICS.items():
        assert each == metric(name) and each.name == name
    assert METRICS["nearest_neighbor_10m"].samples == 10_000_000 and metric("frechet_500").samples == 500


@pytest.mark.parametrize("name", NAMES)
def test_every_metric_is_a_float_that_repeats(name, readings):
    value = readings[0][name].value
    assert type(value) is float and np.isfinite(value)
    assert compute([name], inputs()) == {name: readings[0][name]}  # alone as with others


def with_copies(given: Inputs, level: float) -> np.ndarray:
    kept = given.generated_features[int(SAMPLES * level) :]
    return np.concatenate((given.real_features[: SAMPLES - len(kept)], kept))


def with_lost_variety(given: Inputs, level: float) -> np.ndarray:
    return given.generated_features * np.array([1 - level, 1 - level, 1, 1, 1, 1], np.float32)


# Noise makes no copies, and samples that are spread too far have the real images among them.
OTHER_FAULTS = {"copies": with_copies, "recall": with_lost_variety}


@pytest.mark.parametrize("name", NAMES)
def test_every_metric_is_worse_for_worse_samples(name, readings):
    each = metric(name)
    values = [reading[name].value for reading in readings]
    if each.family in OTHER_FAULTS:
        given = inputs()
        spoiled = [OTHER_FAULTS[each.family](given, level) for level in (0.5, 1.0)]
        values[1:] = [compute([name], replace(given, generated_features=part))[name].value for part in spoiled]
        assert values == sorted(values, reverse=each.better == "higher") and values[0] != values[-1]
    elif each.better == "ideal":
        assert abs(values[0] - each.ideal) < abs(values[1] - each.ideal) < abs(values[2] - each.ideal)
    else:
        assert values == sorted(values, reverse=each.better == "higher") and values[0] != values[-1]


@pytest.mark.parametrize("name", [name for name in NAMES if metric(name).ideal is not None])
def test_samples_of_the_data_distribution_are_near_the_ideal(name, readings):
    each = metric(name)
    best, worst = readings[0][name].value, readings[-1][name].value
    if each.family == "copies":
        assert best == pytest.approx(each.ideal, abs=0.01)
    else:
        assert abs(best - each.ideal) < 0.15 * abs(worst - each.ideal)


@pytest.mark.parametrize("name", NAMES)
def test_every_metric_refuses_missing_and_short_inputs(name):
    for field in metric(name).needs:
        with pytest.raises(ValueError, match=f"{name} needs .*: {field} is missing"):
            compute([name], replace(inputs(), **{field: None}))
    with pytest.raises(ValueError, match="too few"):
        compute([name], inputs(count=SAMPLES - 1))


def test_shared_work_is_done_once(monkeypatch):
    calls = []
    monkeypatch.setattr(registry, "neighborhoods", lambda *_: calls.append(1) or registry.Neighborhoods(1, 1, 1, 1))
    found = compute(["precision_1k", "recall_1k", "density_1k", "coverage_1k"], inputs())
    assert len(calls) == 1 and len({reading.seconds for reading in found.values()}) == 1


def test_stored_moments_replace_the_real_features():
    given = inputs()
    moments = Moments.of(given.real_features)
    spared = replace(given, real_moments=moments, real_features=given.real_features[:0])
    assert compute(["frechet_1k"], spared) == compute(["frechet_1k"], given)


@pytest.mark.parametrize("name", ["fid_10k", "frechet", "frechet_0", "frechet_10g", "linear_svm_10", ""])
def test_an_unknown_name_is_refused_with_the_known_ones(name):
    with pytest.raises(ValueError, match=r"there is no metric .*frechet_10k"):
        compute([name], inputs())


@pytest.mark.parametrize("name", ["linear_svm", "nearest_neighbor_50k"])
def test_what_needs_a_run_is_not_computed_from_arrays(name):
    with pytest.raises(ValueError, match="computed from a run"):
        compute([name], inputs())
