"""Measures how many images per second the data pipeline delivers, beside what the training step takes.

  python -m benchmarks.input_pipeline --preset=torch_64                    noise of the preset's size
  python -m benchmarks.input_pipeline --preset=torch_64 --dataset=~/photos

Also the time to the first batch of a run that starts at its beginning, and of one that is continued at batch 1,000,000.
Any setting of train.py can be given as well.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Iterator

from benchmarks import end_to_end, our_step
from benchmarks.our_step import tf  # quietly imported there
from benchmarks.workers import Pacer, Task, check_flags, machine, markdown, spread
from dcgan_tf import data, presets
from dcgan_tf.cli import console
from dcgan_tf.cli.flags import Flags
from dcgan_tf.config import Config
from dcgan_tf.training import distribution

TARGET_RATIO = 10
FAR = 1_000_000
STARTS = 5

FLAGS = Flags(__doc__)
FLAGS.choice("preset", tuple(presets.PRESETS), "named configuration", default="torch_64")
FLAGS.whole("images", 20_000, "number of images of noise, where no --dataset is given")
FLAGS.whole("rounds", 5, "turns of the pipeline and of the step")
FLAGS.number("seconds", 5.0, "about how long a turn lasts; at least one step")
FLAGS.settings()


def main() -> None:
    """Prepares a store, then measures."""
    settings = FLAGS.given_settings()
    config = presets.PRESETS[FLAGS.preset].with_settings(settings)
    check_flags(FLAGS, "images", "rounds")
    with tempfile.TemporaryDirectory(prefix=end_to_end.PREFIX) as folder:
        if "dataset" not in settings:
            config = config.with_settings(end_to_end.noise(folder, config, FLAGS.images))
        model = config.model
        source = data.open_source(config.data)
        store = data.prepare_store(source, model.image_size, model.channels, config.data.crop, config.data.cache_dir)
        _measure(config, store)


def _measure(config: Config, store: data.ImageStore) -> None:
    print(f"preset {FLAGS.preset}, batch {config.training.batch_size}\n{machine()}\n{store.report()}", flush=True)
    task = our_step.prepare(config)
    strategy = distribution.make_strategy(config.device)
    starts = {first: _first_batch_times(config, store, strategy, first) for first in (0, FAR)}
    print(f"{task.facts['version']}, {task.facts['device']}")
    step, pipeline = Pacer(task), Pacer(_pipeline(config, store, strategy))
    rates = [(pipeline.turn(FLAGS.seconds), step.turn(FLAGS.seconds)) for _ in range(FLAGS.rounds)]
    ratios = [delivered / taken for delivered, taken in rates]
    rows = [
        ("", f"median of {FLAGS.rounds} rounds (lowest to highest)"),
        ("pipeline alone, images/s", spread([delivered for delivered, _ in rates])),
        (f"training step ({config.training.precision}), images/s", spread([taken for _, taken in rates])),
        ("ratio, round by round", spread(ratios, ".1f")),
        *((f"first batch at batch {first:,}, ms", spread(times, ".1f")) for first, times in starts.items()),
    ]
    verdict = "reached" if statistics.median(ratios) >= TARGET_RATIO else "MISSED"
    print(f"\n{markdown(rows)}\n")
    print(f"ratio {statistics.median(ratios):.1f}, target {TARGET_RATIO}: {verdict}")


def _pipeline(config: Config, store: data.ImageStore, strategy: tf.distribute.Strategy) -> Task:
    """Takes batches as the real step does: from the distributed iterator, in a loop inside a graph."""
    batches = _batches(config, store, strategy, config.training.seed, 0)
    count = 8

    @tf.function
    def take(iterator, count):
        total = tf.constant(0, tf.int64)
        for _ in tf.range(count):
            parts = tf.nest.flatten(next(iterator)[0], expand_composites=True)
            total += tf.add_n([tf.size(part, tf.int64) for part in parts])
        return total

    def run(repeats: int) -> None:
        for _ in range(repeats):
            total = take(batches, tf.constant(count, tf.int64))
        total.numpy()  # waits for the device

    return Task(run, count * config.training.batch_size)


def _first_batch_times(
    config: Config, store: data.ImageStore, strategy: tf.distribute.Strategy, first: int
) -> list[float]:
    """Milliseconds from nothing to the first batch. Each start has its own seed, so that no order is known already."""
    times = []
    for seed in range(STARTS + 1):
        start = time.perf_counter()
        next(_batches(config, store, strategy, seed, first))
        times.append(1000 * (time.perf_counter() - start))
    return times[1:]  # the first one warms TensorFlow up


def _batches(
    config: Config, store: data.ImageStore, strategy: tf.distribute.Strategy, seed: int, first: int
) -> Iterator:
    """The iterator that training makes, from the batch numbered `first` on."""

    def parts_of_batches(parts: int, own: list[int]) -> tf.data.Dataset:
        return data.batches(store, config.training.batch_size, seed, config.data.flip, first, parts, own)

    return iter(distribution.distribute(strategy, parts_of_batches))


if __name__ == "__main__":
    sys.exit(console.execute(main, FLAGS, sys.argv))
