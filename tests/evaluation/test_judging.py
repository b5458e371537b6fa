"""Caches, streams, rows, and worse generators that get worse values."""

import json

import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf import data, evaluation, metrics, runs
from dcgan_tf.config import DataConfig, ModelConfig
from dcgan_tf.data.cache import cache_root
from dcgan_tf.errors import ArgumentError, UserError
from dcgan_tf.evaluation import digits, features, judging, plot, probe, rows
from dcgan_tf.evaluation import scratch as arrays
from dcgan_tf.evaluation.samples import SampleFeatures


@pytest.fixture(scope="module")
def store(cache_dir):
    return data.prepare_store(data.open_source(DataConfig()), (16, 16), 1, "center", "")


@pytest.fixture(scope="module")
def classifier(store):
    return features.trained_classifier(store, cache_root(""))


class Real:
    """A generator whose samples are the real images, made worse on purpose."""

    image_shape = (16, 16, 1)
    conditional = True

    def __init__(self, store, noise=0, classes=10):
        rows = np.flatnonzero(store.labels < classes)
        order = np.random.default_rng(0).choice(rows, 4096)
        self._labels = store.labels[order]
        moved = store.images[order] + noise * np.random.default_rng(1).normal(size=(4096, 16, 16, 1))
        self._images = np.clip(np.rint(moved), 0, 255).astype(np.uint8)

    def blocks(self, first, count):
        for start in range(first, first + count, 64):
            yield self._images[(start + np.arange(min(64, first + count - start))) % 4096]

    def labels(self, seeds):
        return tf.constant(self._labels[np.asarray(seeds) % 4096])


NAMES = ["frechet_1200", "precision_1200", "recall_1200", "density_1200", "coverage_1200"]


@pytest.fixture(scope="module")
def judged(store, classifier, tmp_path_factory):
    folder = tmp_path_factory.mktemp("features")
    real = evaluation.real_features(classifier, store, folder)

    def of(names=NAMES, **worse):
        return evaluation.judge(Real(store, **worse), names, classifier, real, folder)

    return of


def test_worse_samples_have_worse_values(judged):
    ideal, noisy, noisier = (judged(noise=noise).readings for noise in (0, 30, 80))
    few, fewer = (judged(classes=classes).readings for classes in (7, 4))
    assert ideal["frechet_1200"].value < noisy["frechet_1200"].value < noisier["frechet_1200"].value
    assert ideal["frechet_1200"].value < few["frechet_1200"].value < fewer["frechet_1200"].value
    assert ideal["precision_1200"].value > noisier["precision_1200"].value
    for metric in ("recall_1200", "coverage_1200"):
        assert ideal[metric].value > few[metric].value > fewer[metric].value


def test_the_kernel_distance_has_its_deviation(judged, monkeypatch):
    monkeypatch.setattr("dcgan_tf.metrics.kernel.kernel_distance.__defaults__", (3, 1000))
    ideal, worse = (judged(["kernel_1200"], noise=noise).readings["kernel_1200"] for noise in (0, 60))
    assert ideal.value < worse.value and worse.deviation > 0


def test_readings_are_those_of_the_definitions_and_the_time_is_told(judged, store, classifier):
    found = judged(noise=30)
    generated = classifier(np.concatenate(list(Real(store, noise=30).blocks(evaluation.FIRST_SEED, 1200)))).vectors
    inputs = metrics.Inputs(
        draw=lambda stream: None,
        real_features=classifier(np.asarray(store.images)).vectors,
        generated_features=generated,
    )
    expected = metrics.compute(["frechet_1200"], inputs)["frechet_1200"].value
    assert found.readings["frechet_1200"].value == pytest.approx(expected, rel=1e-4)
    assert list(found.readings) == NAMES and set(found.metric_seconds) == set(NAMES)
    assert all(found.seconds[part] > 0 for part in ("generation", "features", "metric"))
    assert judged(noise=30).readings == found.readings


def test_real_features_are_computed_once_for_what_defines_them(store, classifier, tmp_path):
    first = evaluation.real_features(classifier, store, tmp_path)
    again = evaluation.real_features(classifier, store, tmp_path)
    assert first.made and not again.made and isinstance(again.vectors, np.memmap)
    np.testing.assert_array_equal(first.vectors, again.vectors)
    np.testing.assert_allclose(again.moments.mean, classifier(np.asarray(store.images)).vectors.mean(axis=0), rtol=1e-4)
    np.savez(tmp_path / "other.npz", images=np.asarray(store.images[:300]), labels=store.labels[:300])
    source = data.open_source(DataConfig(dataset=str(tmp_path / "other.npz")))
    other = evaluation.real_features(classifier, data.prepare_store(source, (16, 16), 1, "none", ""), tmp_path)
    assert other.made and len(other.vectors) == 300
    config = ModelConfig(image_size=(16, 16), channels=1, base_filters=4)
    discriminator = features.DiscriminatorFeatures(config, None, store.images[:256], "untrained")
    assert evaluation.real_features(discriminator, store, tmp_path).made
    folder = next((tmp_path / "features").glob("classifier-*"))
    for path in (tmp_path / "features").glob("classifier-*/features.npy"):
        path.write_bytes(path.read_bytes()[:-8])
    assert evaluation.real_features(classifier, store, tmp_path).made and folder.is_dir()


def test_features_larger_than_memory_lie_in_a_file_without_a_name(store, classifier, tmp_path, monkeypatch):
    monkeypatch.setattr(arrays, "IN_MEMORY", 1000)
    samples = evaluation.Samples(Real(store), 300)
    found = SampleFeatures(samples, classifier, tmp_path)
    assert isinstance(found.vectors, np.memmap) and not list(tmp_path.iterdir())
    images = np.concatenate(list(samples.blocks()))
    np.testing.assert_allclose(found.vectors, classifier(images).vectors, rtol=1e-4, atol=1e-5)
    assert found.probabilities.shape == (300, 10)


def test_what_cannot_be_computed_is_said_before_anything_long(store, classifier):
    class Wide:
        dimension, name = 28_672, "wide"

    for names, extractor, count, expected in (
        (["frechet_10k"], Wide(), 5000, "use kernel_10k"),
        (["kernel_500"], classifier, 5000, "at least 1,000"),
        (["distance_to_training_10k"], classifier, 5000, "not trained on"),
        (["frechet_1"], classifier, 5000, "at least 2"),
    ):
        with pytest.raises(ArgumentError, match=expected):
            judging.check(names, extractor, count, has_test=False)
    with pytest.raises(ArgumentError, match="there is no metric fid_10k"):
        judging.feature_metrics(["fid_10k"])


def test_nearest_neighbours_of_generated_and_of_real_images(store):
    """Samples that are the test images themselves give no errors; noisy ones give more than real ones."""
    samples = evaluation.Samples(Real(store), 4096)
    perfect = digits.of_samples(samples, store, [1000, 4096])
    assert perfect.errors[4096] <= perfect.errors[1000] and perfect.errors[4096] < 0.02
    real = digits.of_real(store, store)
    assert real.errors == {1797: 0.0} and real.images == 1797 and real.rate_share > 0
    noisy = digits.of_samples(evaluation.Samples(Real(store, noise=120), 1000), store, [1000])
    assert noisy.errors[1000] > perfect.errors[1000] and noisy.generation > 0 and noisy.images_per_second > 0


def test_labels_carry_over_and_trained_features_beat_pixels_of_noise(store, classifier, tmp_path):
    parts = probe.split(store, None)
    assert not set(parts.training[1]) & set(parts.test[1]) and len(parts.training[1]) + len(parts.test[1]) == 1797
    good = probe.measure(classifier, parts, 0, 1, tmp_path, "classifier")
    pixels = probe.measure(None, parts, 0, 1, tmp_path, "pixels")
    assert good.accuracy.value > 0.95 and pixels.accuracy.value > 0.85
    assert good.dimension == 128 and pixels.dimension == 256 and good.test == 359
    few = probe.measure(classifier, parts, 5, 3, tmp_path, "classifier")
    assert len(few.accuracy.draws) == 3 and few.accuracy.deviation > 0 and few.accuracy.value > 0.8
    with pytest.raises(ArgumentError, match="labels_per_class"):
        probe.check(parts, 1000, 3)


def test_large_features_are_kept_as_float16(store, classifier, tmp_path, monkeypatch):
    monkeypatch.setattr(probe, "HALF_FROM_BYTES", 1)
    found = probe.measure(classifier, probe.split(store, None), 0, 1, tmp_path, "classifier")
    assert found.accuracy.value > 0.95


def test_rows_are_whole_lines_whatever_was_left_behind(tmp_path):
    run = runs.RunDirectory(tmp_path)
    rows.append(run, [{"metric": "a", "value": 1.0}])
    with run.evaluations_file.open("a") as stream:
        stream.write('{"metric": "cut o')
    rows.append(run, [{"metric": "b", "value": 2.0}, {"metric": "c", "value": 3.0}])
    assert [row["metric"] for row in rows.read(run)] == ["a", "b", "c"]
    assert json.loads(run.evaluations_file.read_text().splitlines()[-1]) == {"metric": "c", "value": 3.0}


def test_the_plot_takes_the_last_row_of_a_step_and_no_controls(tmp_path):
    run = runs.RunDirectory(tmp_path)
    assert not plot.draw(run, [{"metric": "a", "value": 1.0, "step": 1, "control": "raw pixels"}])
    line = {"metric": "frechet_10k", "extractor": "classifier-1", "weights": "ema", "deviation": None}
    assert plot.draw(run, [line | {"value": value, "step": 5 * value} for value in (1, 2, 3)])
    assert run.evaluations_picture.read_bytes()[:4] == b"\x89PNG"


def test_a_place_without_room(tmp_path, monkeypatch):
    monkeypatch.setattr("dcgan_tf.data.cache.shutil.disk_usage", lambda _: type("Usage", (), {"free": 10}))
    with pytest.raises(UserError, match="make room"):
        arrays.scratch(tmp_path, (1 << 20, 100), "float32")
