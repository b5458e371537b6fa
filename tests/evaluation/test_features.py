"""One contract for every extractor, and what each promises beyond it."""

import keras
import numpy as np
import pytest
import requests
import tensorflow as tf

from dcgan_tf import data, models, presets
from dcgan_tf.config import DataConfig, ModelConfig
from dcgan_tf.data.cache import cache_root
from dcgan_tf.errors import ArgumentError, UserError
from dcgan_tf.evaluation import features
from dcgan_tf.evaluation.features import extractor as shared
from dcgan_tf.evaluation.features import inception
from dcgan_tf.evaluation.features.discriminator import pooled

TINY = ModelConfig(image_size=(16, 16), channels=1, base_filters=4)


def store_of(path, images, labels=None):
    arrays = {"images": images} | ({} if labels is None else {"labels": labels})
    np.savez(path, **arrays)
    source = data.open_source(DataConfig(dataset=str(path)))
    return data.prepare_store(source, images.shape[1:3], images.shape[3], "none", "")


@pytest.fixture(scope="session")
def digits(cache_dir):
    source = data.open_source(DataConfig())
    return data.prepare_store(source, (16, 16), 1, "center", "")


@pytest.fixture(scope="session")
def classifier(digits):
    return features.trained_classifier(digits, cache_root(""))


@pytest.fixture(scope="session")
def graph_file(tmp_path_factory):
    """A frozen graph with the tensors of the 2015 one: resize, scaling, a mean over the image, a small classifier."""
    with tf.Graph().as_default() as graph:
        images = tf.compat.v1.placeholder(tf.float32, [1, None, None, 3], "Cast")
        batch = tf.identity(images, "ExpandDims")
        small = tf.compat.v1.image.resize_bilinear(batch, [6, 6], name="ResizeBilinear")
        scaled = tf.multiply(tf.subtract(small, 128.0), 1 / 128.0)
        kernel = tf.constant(np.random.default_rng(0).normal(size=(3, 3, 3, 8)), tf.float32)
        maps = tf.nn.relu(tf.nn.conv2d(scaled, kernel, 1, "SAME"))
        pool = tf.nn.avg_pool2d(maps, 6, 1, "VALID", name="pool_3")
        weights = tf.constant(np.random.default_rng(1).normal(size=(8, 5)), tf.float32)
        tf.matmul(tf.reshape(pool, [1, 8]), weights, name="softmax/logits/MatMul")
        path = tmp_path_factory.mktemp("graphs") / "classify_image_graph_def.pb"
        path.write_bytes(graph.as_graph_def(add_shapes=True).SerializeToString())
    return path


@pytest.fixture(scope="session")
def keras_path(tmp_path_factory):
    path = tmp_path_factory.mktemp("keras") / "mean.keras"
    layers = [keras.Input((12, 12, 3)), keras.layers.Conv2D(5, 3), keras.layers.GlobalAveragePooling2D()]
    keras.Sequential(layers).save(path)
    return path


@pytest.fixture(params=["classifier", "discriminator", "inception", "keras"])
def extractor(request, digits, classifier, graph_file, keras_path):
    return {
        "classifier": lambda: classifier,
        "discriminator": lambda: features.DiscriminatorFeatures(TINY, None, digits.images[:256], "untrained"),
        "inception": lambda: features.Inception(graph_file),
        "keras": lambda: features.KerasFile(keras_path),
    }[request.param]()


def test_contract(extractor, digits):
    images = np.asarray(digits.images[:33])
    found = extractor(images)
    assert found.vectors.shape == (33, extractor.dimension) and found.vectors.dtype == np.float32
    assert np.isfinite(found.vectors).all() and len(np.unique(found.vectors, axis=0)) > 10
    assert (found.probabilities is not None) == (extractor.classes > 0)
    if found.probabilities is not None:
        assert found.probabilities.shape == (33, extractor.classes)
        assert found.probabilities.dtype == np.float32 and (found.probabilities >= 0).all()
        np.testing.assert_allclose(found.probabilities.sum(axis=1), 1, atol=1e-5)
    alone = extractor(images[7:8])
    np.testing.assert_allclose(alone.vectors[0], found.vectors[7], rtol=1e-4, atol=1e-5)
    about = extractor.describe()
    assert about["name"] == extractor.name and about["kind"] and isinstance(extractor.caution, str)


def test_the_classifier_knows_its_data_and_is_trained_once(digits, classifier, monkeypatch):
    assert classifier.accuracy > 0.9
    right = classifier(np.asarray(digits.images[:500])).probabilities.argmax(axis=1) == digits.labels[:500]
    assert right.mean() > 0.95
    monkeypatch.setattr("dcgan_tf.features.classifier._trained", lambda *_: pytest.fail("trained again"))
    assert features.trained_classifier(digits, cache_root("")).name == classifier.name


def test_a_damaged_classifier_is_trained_again(digits, classifier, tmp_path):
    """And the second training gives the same weights: the name is their hash."""
    (tmp_path / "classifiers").mkdir()
    path = next((cache_root("") / "classifiers").glob("digits-*.npz"))
    (tmp_path / "classifiers" / path.name).write_bytes(path.read_bytes()[:1000])
    assert features.trained_classifier(digits, tmp_path).name == classifier.name


@pytest.mark.parametrize("shape", [(24, 40, 3), (12, 12, 4)])
def test_a_classifier_of_any_shape(tmp_path, shape, monkeypatch):
    monkeypatch.setattr("dcgan_tf.features.classifier.FEWEST_STEPS", 20)
    labels = np.arange(40, dtype=np.int32) % 2
    images = np.where(labels[:, None, None, None] == 1, 200, 50) + np.zeros((40, *shape))
    store = store_of(tmp_path / "two.npz", images.astype(np.uint8), labels)
    found = features.trained_classifier(store, tmp_path / "cache")
    assert found.accuracy == 1.0 and found(store.images[:3]).vectors.shape == (3, 128)


def test_without_labels_the_other_extractors_are_named(tmp_path):
    store = store_of(tmp_path / "plain.npz", np.zeros((4, 8, 8, 1), np.uint8))
    with pytest.raises(UserError, match=r"has no labels.*inception.*discriminator"):
        features.trained_classifier(store, tmp_path)


@pytest.mark.parametrize(("name", "expected"), [("imagenet_32", 28_672), ("cifar10_32", 7_168), ("svhn_32", 7_168)])
def test_as_many_features_as_in_the_paper(name, expected):
    """28,672: section 5.1. 7,168: the network behind Table 2."""
    config = presets.PRESETS[name].model
    images = np.random.default_rng(0).integers(0, 256, (4, 32, 32, config.channels), np.uint8)
    found = features.DiscriminatorFeatures(config, None, images, "untrained")
    assert found.dimension == expected and found(images).vectors.shape == (4, expected)


def test_pooling_takes_the_largest_of_each_cell():
    maps = tf.random.stateless_normal([2, 8, 14, 3], [0, 1])
    found = pooled(maps).numpy()
    np.testing.assert_array_equal(pooled(maps[:, :, :8]), tf.nn.max_pool2d(maps[:, :, :8], 2, 2, "VALID"))
    assert found.shape == (2, 4, 4, 3)
    np.testing.assert_array_equal(found[:, 1, 1], maps.numpy()[:, 2:4, 3:7].max(axis=(1, 2)))
    np.testing.assert_array_equal(pooled(maps[:, :2, :4]), maps[:, :2, :4])


def test_discriminator_features_have_statistics_of_real_images(digits):
    """What leaves a batch norm has mean 0 and variance 1 over the images that the statistics came from."""
    images = np.asarray(digits.images[:1024])
    found = features.DiscriminatorFeatures(TINY, None, images, "untrained")
    other = features.DiscriminatorFeatures(TINY, None, 255 - images, "untrained")
    assert found.name != other.name
    model = models.build_discriminator(TINY)
    assert found.dimension == 16 * sum(models.discriminator_filters(TINY)) and model.count_params()


def test_a_conditional_discriminator_is_refused():
    config = ModelConfig(image_size=(16, 16), channels=1, base_filters=4, conditional=True, classes=3)
    with pytest.raises(UserError, match="conditional discriminator"):
        features.DiscriminatorFeatures(config, None, np.zeros((4, 16, 16, 1), np.uint8), "untrained")


def test_the_graph_equals_its_definition_in_numpy(graph_file):
    """With a batch, although it was written for single images, and with the old resize."""
    images = np.random.default_rng(0).integers(0, 256, (5, 9, 9, 3)).astype(np.uint8)
    found = features.Inception(graph_file)(images)
    small = tf.compat.v1.image.resize_bilinear(images.astype(np.float32), [6, 6]).numpy()
    at = np.arange(6) * 9 / 6  # neither half-pixel centres nor aligned corners
    low, share = np.floor(at).astype(int), (at % 1)[:, None, None]
    high = np.minimum(low + 1, 8)
    rows = images[:, low] * (1 - share[..., None][None, :, 0]) + images[:, high] * share[..., None][None, :, 0]
    by_hand = rows[:, :, low] * (1 - share[None, None, :, 0]) + rows[:, :, high] * share[None, None, :, 0]
    np.testing.assert_allclose(small, by_hand, rtol=1e-5, atol=1e-3)
    kernel = np.random.default_rng(0).normal(size=(3, 3, 3, 8)).astype(np.float32)
    maps = tf.nn.relu(tf.nn.conv2d((by_hand.astype(np.float32) - 128) / 128, kernel, 1, "SAME")).numpy()
    vectors = maps.mean(axis=(1, 2))
    np.testing.assert_allclose(found.vectors, vectors, rtol=1e-4, atol=1e-5)
    logits = vectors @ np.random.default_rng(1).normal(size=(8, 5)).astype(np.float32)
    np.testing.assert_allclose(found.probabilities, tf.nn.softmax(logits), rtol=1e-4, atol=1e-6)


def test_only_the_published_file_has_the_published_name(graph_file, monkeypatch):
    found = features.Inception(graph_file)
    assert found.name.startswith("graph-") and "not comparable" in found.caution
    monkeypatch.setattr(inception, "GRAPH_SHA256", shared.digest_of_file(graph_file))
    found = features.Inception(graph_file)
    assert found.name == "inception-2015-12-05" and not found.caution


def test_other_files_are_no_inception(tmp_path, keras_path):
    (tmp_path / "empty.pb").write_bytes(tf.Graph().as_graph_def().SerializeToString())
    for path in (tmp_path / "none.pb", tmp_path / "empty.pb", keras_path):
        with pytest.raises(ArgumentError, match="--inception="):
            features.Inception(path)


def test_without_a_network_there_is_one_clear_line(tmp_path, monkeypatch):
    def refuse(*_args, **_kwargs):
        raise requests.ConnectionError("no network")

    monkeypatch.setattr(requests, "head", refuse)
    with pytest.raises(UserError, match=r"no network.*--inception=FILE.*classifier") as found:
        features.inception_file(tmp_path)
    assert "\n" not in str(found.value) and not list(tmp_path.iterdir())
    monkeypatch.setattr(inception, "unreachable", lambda _: "")
    monkeypatch.setattr(requests, "get", refuse)
    with pytest.raises(UserError, match="ConnectionError"):
        features.inception_file(tmp_path)
    assert not list((tmp_path / "inception").iterdir())
    (tmp_path / "inception" / inception.MEMBER).write_text("there already")
    assert features.inception_file(tmp_path).name == inception.MEMBER


def test_keras_files_see_images_from_minus_one_to_one_in_their_own_size(keras_path, tmp_path):
    found = features.KerasFile(keras_path)
    assert found.describe()["resize"] == "bilinear, antialiased, to 12x12" and found.name.startswith("keras-mean-")
    path = tmp_path / "identity.keras"
    keras.Sequential([keras.Input((None, None, 1)), keras.layers.GlobalMaxPooling2D()]).save(path)
    levels = np.array([0, 255], np.uint8)[:, None, None, None] * np.ones((2, 5, 7, 1), np.uint8)
    np.testing.assert_allclose(features.KerasFile(path)(levels).vectors, [[-1], [1]])
    (tmp_path / "fake.keras").write_text("not a model")
    with pytest.raises(ArgumentError, match="not a model that Keras can open"):
        features.KerasFile(tmp_path / "fake.keras")


def test_channels():
    rgba = np.array([[[[200, 100, 0, 255], [9, 9, 9, 0]]]], np.uint8)
    np.testing.assert_array_equal(shared.with_channels(rgba, 3), [[[[200, 100, 0], [255, 255, 255]]]])
    np.testing.assert_array_equal(shared.with_channels(rgba, 1)[..., 0], [[[118, 255]]])
    grey = np.array([[[[7]]]], np.uint8)
    np.testing.assert_array_equal(shared.with_channels(grey, 3), [[[[7, 7, 7]]]])
