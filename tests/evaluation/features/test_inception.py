import numpy as np
import pytest
import requests
import tensorflow as tf

from dcgan_tf.errors import ArgumentError, UserError
from dcgan_tf.evaluation import features
from dcgan_tf.evaluation.features import inception
from dcgan_tf.evaluation.features.extractor import digest_of_file


def test_the_graph_equals_its_definition_in_numpy(graph_file):
    """With a batch, although it was written for single images, and with the old resize."""
    images = np.random.default_rng(0).integers(0, 256, (5, 9, 9, 3)).astype(np.uint8)
    found = features.Inception(graph_file)(images)
    at = np.arange(6) * 9 / 6  # neither half-pixel centers nor aligned corners
    low, share = np.floor(at).astype(int), (at % 1)[:, None, None]
    high = np.minimum(low + 1, 8)
    rows = images[:, low] * (1 - share[..., None][None, :, 0]) + images[:, high] * share[..., None][None, :, 0]
    small = rows[:, :, low] * (1 - share[None, None, :, 0]) + rows[:, :, high] * share[None, None, :, 0]
    kernel = np.random.default_rng(0).normal(size=(3, 3, 3, 8)).astype(np.float32)
    maps = tf.nn.relu(tf.nn.conv2d((small.astype(np.float32) - 128) / 128, kernel, 1, "SAME")).numpy()
    vectors = maps.mean(axis=(1, 2))
    np.testing.assert_allclose(found.vectors, vectors, rtol=1e-4, atol=1e-5)
    logits = vectors @ np.random.default_rng(1).normal(size=(8, 5)).astype(np.float32)
    np.testing.assert_allclose(found.probabilities, tf.nn.softmax(logits), rtol=1e-4, atol=1e-6)


def test_only_the_published_file_has_the_published_name(graph_file, monkeypatch):
    found = features.Inception(graph_file)
    assert found.name.startswith("graph-") and "not comparable" in found.caution
    monkeypatch.setattr(inception, "GRAPH_SHA256", digest_of_file(graph_file))
    found = features.Inception(graph_file)
    assert found.name == "inception-2015-12-05" and not found.caution


def test_other_files_are_refused(tmp_path, keras_path):
    (tmp_path / "empty.pb").write_bytes(tf.Graph().as_graph_def().SerializeToString())
    for path in (tmp_path / "none.pb", tmp_path / "empty.pb", keras_path):
        with pytest.raises(ArgumentError, match="inception="):
            features.Inception(path)


def test_without_a_network_there_is_one_clear_line(tmp_path, monkeypatch):
    def refuse(*_args, **_kwargs):
        raise requests.ConnectionError("no network")

    monkeypatch.setattr(inception, "unreachable", lambda _: "no answer")
    with pytest.raises(UserError, match=r"no network.*inception=FILE.*classifier") as found:
        features.inception_file(tmp_path)
    assert "\n" not in str(found.value) and not list(tmp_path.iterdir())
    monkeypatch.setattr(inception, "unreachable", lambda _: "")
    monkeypatch.setattr(requests, "get", refuse)
    with pytest.raises(UserError, match="ConnectionError"):
        features.inception_file(tmp_path)
    assert not list((tmp_path / "inception").iterdir())
    (tmp_path / "inception" / inception.MEMBER).write_text("there already")
    assert features.inception_file(tmp_path).name == inception.MEMBER
