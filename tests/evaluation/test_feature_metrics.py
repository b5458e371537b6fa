"""Worse generators get worse values, and the values are those of the definitions."""

import numpy as np
import pytest

from dcgan_tf import metrics
from dcgan_tf.errors import ArgumentError
from dcgan_tf.evaluation import FIRST_SEED, feature_metrics
from tests.evaluation.conftest import RealGenerator

NAMES = ["frechet_1200", "precision_1200", "recall_1200", "density_1200", "coverage_1200"]


@pytest.fixture(scope="module")
def judged(digits, classifier, tmp_path_factory):
    folder = tmp_path_factory.mktemp("features")

    def rows(names=NAMES, **worse):
        judge = feature_metrics.prepare(names, classifier, digits, None, folder, FIRST_SEED)
        return {row["metric"]: row for row in judge(RealGenerator(digits, **worse))}

    return rows


def test_worse_samples_have_worse_values(judged):
    def values(name, rows):
        return [row[name]["value"] for row in rows]

    noisy = [judged(noise=noise) for noise in (0, 30, 80)]
    fewer = [noisy[0], *(judged(classes=classes) for classes in (7, 4))]
    for rows in (noisy, fewer):
        assert values("frechet_1200", rows) == sorted(values("frechet_1200", rows))
    assert values("precision_1200", noisy)[0] > values("precision_1200", noisy)[2]
    for name in ("recall_1200", "coverage_1200"):
        assert values(name, fewer) == sorted(values(name, fewer), reverse=True)
        assert len(set(values(name, fewer))) == 3


def test_rows_have_the_values_of_the_definitions_and_what_defines_them(judged, digits, classifier):
    rows = judged(noise=30)
    images = np.concatenate(list(RealGenerator(digits, noise=30).blocks(range(FIRST_SEED, FIRST_SEED + 1200))))
    inputs = metrics.Inputs(
        draw=lambda stream: None,
        real_features=classifier(np.asarray(digits.images)).vectors,
        generated_features=classifier(images).vectors,
    )
    expected = metrics.compute(["frechet_1200"], inputs)["frechet_1200"].value
    row = rows["frechet_1200"]
    assert row["value"] == pytest.approx(expected, rel=1e-4) and list(rows) == NAMES
    assert (row["extractor"], row["seed"], row["samples"]) == (classifier.name, FIRST_SEED, 1200)
    assert (row["real"], row["weights"], row["better"]) == ("digits", "raw", "lower")
    assert all(row["seconds"][part] > 0 for part in ("generation", "features", "metric"))
    assert [row["value"] for row in judged(noise=30).values()] == [row["value"] for row in rows.values()]


def test_what_cannot_be_computed_is_refused_before_anything_long(classifier):
    class Wide:
        dimension, name = 28_672, "wide"

    for name, extractor, expected in (
        ("frechet_10k", Wide(), "use kernel_10k"),
        ("kernel_500", classifier, "at least 1,000"),
        ("frechet_1", classifier, "at least 2"),
    ):
        with pytest.raises(ArgumentError, match=expected):
            feature_metrics.check([name], extractor, 5000)
