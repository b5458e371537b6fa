import keras
import numpy as np
import pytest
import tensorflow as tf


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
