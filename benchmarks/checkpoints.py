"""What a checkpoint costs, and what it costs to start at a late step.

  python -m benchmarks.checkpoints --preset=mnist_28

Seconds for writing and for restoring a checkpoint, the share of the time that one every 500 steps takes, and the time
from the start of `train.py` to its first row when the run stands at step 1,000 and at step 1,000,000, in turns. The
checkpoint of the late step is written by hand: the trained one with another step.
"""

import statistics
import sys
import tempfile
import time
from typing import Any

from benchmarks import end_to_end
from benchmarks.our_step import np  # imports TensorFlow quietly
from dcgan_tf import checkpoints, presets, runs
from dcgan_tf.cli import console
from dcgan_tf.cli.flags import Flags
from dcgan_tf.config import Config
from dcgan_tf.training import state

FLAGS = Flags(__doc__)
FLAGS.choice("preset", tuple(presets.PRESETS), "what is trained", "mnist_28")
FLAGS.whole("rounds", 3, "how often each is measured, in turns")

EVERY, LOG_EVERY, NEVER = 500, 10, 10**9


def main() -> None:
    """Prints all figures."""
    config = presets.PRESETS[FLAGS.preset]
    with tempfile.TemporaryDirectory(prefix=end_to_end.PREFIX) as folder:
        settings = {"log_every": LOG_EVERY, "sample_every": NEVER, "checkpoint_every": NEVER}
        settings |= end_to_end.noise(folder, config, 4 * 1024)
        run = runs.RunDirectory(f"{folder}/run")
        _train(run, settings, LOG_EVERY * 5)
        rate = statistics.median(row["images_per_second"] for row in end_to_end.rows(run)[1:])
        save, restore, size = _file_costs(run, config)
        step_seconds = config.training.batch_size / rate
        print(f"{FLAGS.preset}: {rate:,.0f} images/s, checkpoint of {size / 1e6:.1f} MB")
        print(f"write: {save * 1000:.0f} ms, that is {save / (EVERY * step_seconds):.2%} of {EVERY} steps")
        print(f"restore: {restore * 1000:.0f} ms")
        starts = {1_000: [], 1_000_000: []}
        for _ in range(FLAGS.rounds):
            for step, seconds in starts.items():
                seconds.append(_start_at(run, settings, step))
        for step, seconds in starts.items():
            print(f"from the command to the first row at step {step:,}: {statistics.median(seconds):.1f} s {seconds}")


def _train(run: runs.RunDirectory, settings: dict[str, Any], steps: int) -> None:
    end_to_end.finish(end_to_end.start(run, FLAGS.preset, settings | {"steps": steps}))


def _file_costs(run: runs.RunDirectory, config: Config) -> tuple[float, float, int]:
    """Seconds to write and to restore a checkpoint, and its bytes."""
    variables = state.TrainingState(config).variables()
    saves, restores = [], []
    for _ in range(5):
        start = time.perf_counter()
        checkpoints.restore_latest(run, variables)
        restores.append(time.perf_counter() - start)
        start = time.perf_counter()
        checkpoints.save(run, runs.step_of(run.checkpoint_files()[-1]), variables, keep=3)
        saves.append(time.perf_counter() - start)
    return statistics.median(saves), statistics.median(restores), run.checkpoint_files()[-1].stat().st_size


def _start_at(run: runs.RunDirectory, settings: dict[str, Any], step: int) -> float:
    """Seconds from the command until the first row is written, for a run that stands at `step`."""
    with np.load(checkpoints.find(run)) as archive:
        arrays = {name: archive[name] for name in archive.files} | {"step": np.int64(step)}
    for path in run.checkpoint_files():
        path.unlink()
    np.savez(run.checkpoint_file(step), **arrays)
    run.metrics_file.write_text("")
    start = time.time()
    _train(run, settings, step + LOG_EVERY)
    return round(run.metrics_file.stat().st_mtime - start, 2)


if __name__ == "__main__":
    sys.exit(console.execute(main, FLAGS, sys.argv))
