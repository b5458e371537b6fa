"""A small convolutional network trained once on a data set's own labels, so that judging works offline.

Its values tell better from worse on one data set. They are not comparable with published FID, nor between data sets.
"""

import hashlib
import json
import logging
import time
import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from dcgan_tf import files, seeds
from dcgan_tf.data import ImageStore
from dcgan_tf.data.cache import explained
from dcgan_tf.errors import UserError
from dcgan_tf.evaluation.features.extractor import DIGITS, Features, digest_of_arrays
from dcgan_tf.metrics import arrays
from dcgan_tf.models import pixels
from dcgan_tf.progress import Progress

log = logging.getLogger(__name__)

RECIPE = 2  # raise it with every change below that affects the features
UNITS = 128
FILTERS, MOST_FILTERS = 32, 128
BATCH = 128
EPOCHS, FEWEST_STEPS, MOST_STEPS = 5, 300, 4000
LEARNING_RATE, DROPOUT, EPSILON = 2e-3, 0.3, 1e-7
HELD_OUT, MOST_HELD_OUT = 0.1, 5000
SEED = 0


class Classifier:
    """Features: the last hidden layer, after its ReLU. Probabilities: the softmax of the classes.

    Attributes:
        network: images float32 [n, height, width, channels] in [-1, 1] to logits float32 [n, classes].
        accuracy: share of held-out training images that it classifies correctly.
    """

    caution = "classifier features of this package: not comparable with published FID"

    def __init__(self, shape: tuple[int, int, int], weights: dict[str, np.ndarray], about: dict[str, Any]):
        self._about, self.accuracy = about, about["accuracy"]
        self.dimension, self.classes = UNITS, about["classes"]
        self.network = _network(shape, self.classes)
        for name, variable in _variables(self.network).items():
            variable.assign(weights[name])
        self.name = f"classifier-{digest_of_arrays(weights)[:DIGITS]}"
        both = keras.Model(self.network.inputs, [self.network.get_layer("features").output, self.network.outputs[0]])
        self._apply = tf.function(
            lambda images: both(pixels.to_model_range(images), training=False),
            input_signature=[tf.TensorSpec([None, *shape], tf.uint8)],
        )

    def describe(self) -> dict[str, Any]:
        return {"kind": "classifier", "name": self.name, "recipe": RECIPE, **self._about}

    def __call__(self, images: np.ndarray) -> Features:
        vectors, logits = self._apply(images)
        return Features(vectors.numpy(), tf.nn.softmax(logits).numpy())


def trained_classifier(store: ImageStore, cache_root: Path) -> Classifier:
    """The classifier of a data set: from the cache directory, or trained now, with progress.

    Raises:
        UserError: no labels, one class only, or a cache that cannot be written.
    """
    source = store.manifest["source"]
    if store.labels is None or len(np.unique(store.labels)) < 2:
        why = "has no labels" if store.labels is None else "has one class only"
        raise UserError(
            f"`features=classifier`: {source} {why}, and the classifier learns from them; use `features=inception`, "
            "`features=discriminator` or `features=PATH.keras`"
        )
    path = cache_root / "classifiers" / f"{source[:60]}-{_key(store)}.npz"
    classifier = _read(path, store)
    if classifier is None:
        weights, about = _trained(store)
        with explained(cache_root):
            path.parent.mkdir(parents=True, exist_ok=True)
            with files.written_aside(path) as temporary, temporary.open("wb") as stream:
                np.savez(stream, about=np.array(json.dumps(about)), **weights)
        classifier = Classifier(store.images.shape[1:], weights, about)
    log.info("%s: %.2f%% correct on %d held-out images of %s", classifier.name, 100 * classifier.accuracy,
             classifier.describe()["held_out"], source)  # fmt: skip
    return classifier


def _key(store: ImageStore) -> str:
    parts = [store.checksum, list(store.images.shape), len(store.class_names), RECIPE]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def _read(path: Path, store: ImageStore) -> Classifier | None:
    if not path.exists():
        return None
    try:
        with np.load(path) as archive:
            weights = {name: archive[name] for name in archive.files}
        return Classifier(store.images.shape[1:], weights, json.loads(str(weights.pop("about"))))
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile) as error:
        log.warning("%s is damaged (%s): it is trained again", path, error)
        return None


def _network(shape: tuple[int, int, int], classes: int) -> keras.Sequential:
    """Images [n, h, w, c] in [-1, 1] to logits: stride-2 convolutions down to at most 7x7, one hidden layer."""
    model = keras.Sequential([keras.Input(shape)], name="classifier")
    height, width, filters, scale = *shape[:2], FILTERS, 1
    while scale == 1 or max(height, width) > 7:
        name, size = f"down{scale}", 5 if scale == 1 else 3
        model.add(
            layers.Conv2D(filters, size, 2, "same", activation="relu", kernel_initializer=_initial(name), name=name)
        )
        height, width, filters, scale = -(-height // 2), -(-width // 2), min(2 * filters, MOST_FILTERS), scale + 1
    model.add(layers.Flatten(name="flatten"))
    model.add(layers.Dense(UNITS, "relu", kernel_initializer=_initial("features"), name="features"))
    model.add(layers.Dropout(DROPOUT, seed=seeds.stream_key(SEED, "classifier/dropout"), name="dropout"))
    model.add(layers.Dense(classes, kernel_initializer=_initial("logits"), name="logits"))
    return model


def _initial(name: str) -> keras.initializers.Initializer:
    return keras.initializers.HeNormal(seed=seeds.stream_key(SEED, f"classifier/{name}"))


def _variables(model: keras.Model) -> dict[str, tf.Variable]:
    """The weights by "layer/variable", without the state of the dropout's random numbers."""
    return {f"{layer.name}/{each.name}": each.value for layer in model.layers for each in layer.trainable_variables}


def _trained(store: ImageStore) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    began = time.perf_counter()
    order = seeds.generator(SEED, "classifier", 0).permutation(len(store))
    held_out = max(1, min(MOST_HELD_OUT, int(HELD_OUT * len(store))))
    rows, unseen = order[held_out:], np.sort(order[:held_out])
    steps = int(np.clip(EPOCHS * len(rows) / BATCH, FEWEST_STEPS, MOST_STEPS))
    model = _network(store.images.shape[1:], len(store.class_names))
    step = _training_step(model, steps)
    with Progress(steps, "steps", f"training a classifier of {store.manifest['source']}") as progress:
        for number in range(steps):
            # Sorted, because reading a memory map in order is faster and the order within a batch has no effect.
            batch = np.sort(_batch(rows, number))
            step(store.images[batch], store.labels[batch])
            progress.advance()
    accuracy, seconds = _accuracy(model, store, unseen), round(time.perf_counter() - began, 1)
    about = {"data": store.checksum, "classes": len(store.class_names), "steps": steps, "held_out": held_out}
    weights = {name: variable.numpy() for name, variable in _variables(model).items()}
    return weights, {**about, "accuracy": accuracy, "seconds": seconds}


def _batch(rows: np.ndarray, number: int) -> np.ndarray:
    """Rows of one batch in the endless sequence of epochs, each of which has another order."""
    size = min(BATCH, len(rows))
    per_epoch = len(rows) // size
    epoch, place = divmod(number, per_epoch)
    order = seeds.generator(SEED, "classifier_epoch", epoch).permutation(len(rows))
    return rows[order[place * size : (place + 1) * size]]


def _training_step(model: keras.Model, steps: int) -> tf.types.experimental.GenericFunction:
    rate = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps)
    optimizer = keras.optimizers.Adam(rate, epsilon=EPSILON)
    optimizer.build(model.trainable_variables)

    @tf.function(reduce_retracing=True)
    def step(images: tf.Tensor, labels: tf.Tensor) -> None:
        with tf.GradientTape() as tape:
            logits = model(pixels.to_model_range(images), training=True)
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
        optimizer.apply_gradients(
            zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables, strict=True)
        )

    return step


def _accuracy(model: keras.Model, store: ImageStore, rows: np.ndarray) -> float:
    right = 0
    for part in arrays.slices(len(rows), 256):
        images, labels = store.images[rows[part]], store.labels[rows[part]]
        logits = model(pixels.to_model_range(images), training=False).numpy()
        right += int((logits.argmax(axis=1) == labels).sum())
    return right / len(rows)
