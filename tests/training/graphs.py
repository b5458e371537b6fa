"""The nodes of a step's graph as TensorFlow runs it, after its optimizer: those that add in no fixed order.

As a program, it lists them for several devices, which need a process of their own:
`python -m tests.training.graphs 3 '{"l2": 0.01}' ...`
"""

import json
import sys
from collections.abc import Iterator

import numpy as np
import tensorflow as tf
from tensorflow.python.eager import context  # the only way to the optimized graph

from dcgan_tf import presets
from dcgan_tf.config import Config
from dcgan_tf.training import distribution
from dcgan_tf.training.state import TrainingState
from dcgan_tf.training.step import fixed_order_of_sums, make_train_steps

FROM_THREE = {"AddN", "AccumulateNV2"}
"""Sums that reuse the memory of whichever input is free, and add the others to it. Two terms commute, three do not."""

BY_THREADS = (
    "Scatter",
    "SegmentSum",
    "SegmentMean",
    "SegmentProd",
    "SparseTensorDenseMatMul",
    "Bincount",
    "CropAndResizeGrad",
)
"""Kinds of operations whose threads may add to the same element."""


def step_of_a_run(config: Config):
    """`train_steps`, what makes an iterator over its batches, and its state."""
    strategy = distribution.make_strategy(config.device)
    with strategy.scope():
        state = TrainingState(config)
    size = distribution.replica_batch(strategy, config.training.batch_size)

    def batches(place: tf.distribute.InputContext) -> tf.data.Dataset:
        shape = (8, size, *config.model.image_size, config.model.channels)
        images = np.random.default_rng(place.input_pipeline_id).integers(0, 256, shape, np.uint8)
        labels = np.resize(np.arange(size, dtype=np.int32) % max(1, config.model.classes), (8, size))
        return tf.data.Dataset.from_tensor_slices((images, labels)).repeat()

    def new_iterator() -> Iterator:
        return iter(strategy.distribute_datasets_from_function(batches))

    return make_train_steps(state, config, strategy), new_iterator, state


def racing_nodes(config: Config) -> tuple[list[str], dict[str, np.ndarray]]:
    """The nodes of the optimized graphs of `train_steps` that add in no fixed order; all variables after two steps."""
    train_steps, new_iterator, state = step_of_a_run(config)
    context.enable_run_metadata()
    try:
        with fixed_order_of_sums():
            train_steps(new_iterator(), tf.constant(2, tf.int64))
        metadata = context.export_run_metadata()
    finally:
        context.disable_run_metadata()
    nodes = []
    for each in metadata.function_graphs:
        for graph in (each.pre_optimization_graph, each.post_optimization_graph, *each.partition_graphs):
            nodes += graph.node
            for function in graph.library.function:
                nodes += function.node_def
    assert len(nodes) > 500, "the graph of a step has far more nodes"
    found = {f"{node.op} of {len(_terms(node))}: {node.name}" for node in nodes if races(node)}
    return sorted(found), {name: variable.numpy() for name, variable in state.variables().items()}


def races(node) -> bool:
    """Whether a node of a graph is one of the kinds that add in no fixed order."""
    return (node.op in FROM_THREE and len(_terms(node)) > 2) or any(kind in node.op for kind in BY_THREADS)


def _terms(node) -> list[str]:
    return [name for name in node.input if not name.startswith("^")]


if __name__ == "__main__":
    devices = int(sys.argv[1])
    for text in sys.argv[2:]:
        tiny = presets.PRESETS["tiny"].with_settings({"devices": devices, "batch_size": 6, **json.loads(text)})
        print(json.dumps(racing_nodes(tiny)[0]), flush=True)
