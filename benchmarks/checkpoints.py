"""What a checkpoint costs, and what it costs to start at a late step.

  python benchmarks/checkpoints.py --preset=mnist_28

Seconds for writing and for restoring a checkpoint, the share of the time that one every 500 steps takes, and the time
from the start of `train.py` to its first row when the run stands at step 1,000 and at step 1,000,000, in turns. The
checkpoint of the late step is written by hand: the trained one with another step.
"""

import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from dcgan_tf import quiet  # noqa: E402
from dcgan_tf.cli import console  # noqa: E402

with quiet.quiet_stderr():
    import numpy as np
    import tensorflow as tf

    tf.config.list_physical_devices()

from benchmarks import end_to_end  # noqa: E402
from dcgan_tf import checkpoints, presets, runs  # noqa: E402
from dcgan_tf.cli.flags import Flags  # noqa: E402
from dcgan_tf.training import state  # noqa: E402

FLAGS = Flags(__doc__)
FLAGS.choice("preset", tuple(presets.PRESETS), "what is trained", "mnist_28")
FLAGS.whole("rounds", 3, "how often each is measured, in turns")

EVERY, LOG_EVERY = 500, 10


def main() -> None:
    """Prints all figures."""
    config = presets.PRESETS[FLAGS.preset]
    with tempfile.TemporaryDirectory(prefix="dcgan_tf-benchmark-") as folder:
        end_to_end.noise(Path(folder) / "noise.npz", config, 4 * 1024)
        run = runs.RunDirectory(f"{folder}/run")
        _train(run, folder, LOG_EVERY * 5)
        rows = [line.split('"images_per_second": ')[1] for line in run.metrics_file.read_text().splitlines()[1:]]
        rate = statistics.median(float(row.split(",")[0]) for row in rows)
        save, restore, size = _file_costs(run, config)
        step_seconds = config.training.batch_size / rate
        print(f"{FLAGS.preset}: {rate:,.0f} images/s, checkpoint of {size / 1e6:.1f} MB")
        print(f"write: {save * 1000:.0f} ms, that is {save / (EVERY * step_seconds):.2%} of {EVERY} steps")
        print(f"restore: {restore * 1000:.0f} ms")
        starts = {1_000: [], 1_000_000: []}
        for _ in range(FLAGS.rounds):
            for step, seconds in starts.items():
                seconds.append(_start_at(run, folder, step))
        for step, seconds in starts.items():
            print(f"from the command to the first row at step {step:,}: {statistics.median(seconds):.1f} s {seconds}")


def _train(run: runs.RunDirectory, folder: str, steps: int) -> None:
    command = [
        sys.executable, str(ROOT / "train.py"), f"--run={run.path}", f"--preset={FLAGS.preset}", f"--steps={steps}",
        f"--dataset={folder}/noise.npz", f"--cache_dir={folder}/cache", f"--log_every={LOG_EVERY}",
        "--sample_every=1000000000", "--checkpoint_every=1000000000",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)


def _file_costs(run: runs.RunDirectory, config) -> tuple[float, float, int]:
    variables = state.TrainingState(config).variables()
    timed = {"save": [], "restore": []}
    for _ in range(5):
        start = time.perf_counter()
        checkpoints.restore_latest(run, variables)
        timed["restore"].append(time.perf_counter() - start)
        start = time.perf_counter()
        checkpoints.save(run, runs.step_of(run.checkpoint_files()[-1]), variables, keep=3)
        timed["save"].append(time.perf_counter() - start)
    size = run.checkpoint_files()[-1].stat().st_size
    return statistics.median(timed["save"]), statistics.median(timed["restore"]), size


def _start_at(run: runs.RunDirectory, folder: str, step: int) -> float:
    """Seconds from the command until the first row is written, for a run that stands at `step`."""
    with np.load(checkpoints.find(run)) as archive:
        arrays = {name: archive[name] for name in archive.files} | {"step": np.int64(step)}
    for path in run.checkpoint_files():
        path.unlink()
    np.savez(run.checkpoint_file(step), **arrays)
    run.metrics_file.write_text("")
    start = time.time()
    _train(run, folder, step + LOG_EVERY)
    written = re.search(r'"seconds": ([\d.]+)', run.metrics_file.read_text())
    assert written
    return round(run.metrics_file.stat().st_mtime - start, 2)


if __name__ == "__main__":
    sys.exit(console.execute(main, FLAGS, sys.argv))
