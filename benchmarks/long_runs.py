"""What a report costs late in a long run, beside what it costs early.

  python -m benchmarks.long_runs
  python -m benchmarks.long_runs --lengths=1000,4000

For each length a run directory is made up with rows, scores and sample grids as a run of that many steps has them by
default. A process of its own continues it with the tiny networks, and does each thing once: seconds of processor time,
which other programs hardly disturb, and by how much the peak of its memory rises above what it held before.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import end_to_end
from benchmarks.our_step import np  # imports TensorFlow quietly
from benchmarks.workers import machine, markdown
from dcgan_tf import api, data, images, presets
from dcgan_tf.cli import console
from dcgan_tf.cli.flags import Flags
from dcgan_tf.config import ReportConfig
from dcgan_tf.errors import ArgumentError
from dcgan_tf.models import Generator
from dcgan_tf.runs import RunDirectory
from dcgan_tf.training.evaluator import Evaluator
from dcgan_tf.training.periodic import PeriodicWork
from dcgan_tf.training.state import TrainingState

FLAGS = Flags(__doc__)
FLAGS.text("lengths", "10000,100000,1000000", "steps of the made-up runs, comma-separated")

EVERY = ReportConfig()
IMAGE_SIZE = 32
PICTURES = 16  # different sample grids; a long run has them many times
TIMES = {"seconds": 0.5, "images_per_second": 5000.0, "waiting": 0.01}


def main() -> None:
    """Prints the table of seconds and the table of memory."""
    lengths = _lengths()
    columns = []
    for steps in lengths:
        with tempfile.TemporaryDirectory(prefix=end_to_end.PREFIX) as folder:
            make_up(RunDirectory(folder), steps)
            columns.append(_in_its_own_process(folder, steps))
    print(machine(), end="\n\n")
    for index, title in enumerate(("processor seconds", "MB")):
        head = (title, *(f"{steps:,} steps" for steps in lengths), "last / first")
        rows = [(name, *(column[name][index] for column in columns)) for name in columns[0]]
        print(markdown([head, *map(_texts, rows)]), end="\n\n")


def _lengths() -> list[int]:
    try:
        lengths = [int(text) for text in FLAGS.lengths.split(",")]
    except ValueError:
        lengths = [0]
    if min(lengths) < EVERY.checkpoint_every or any(steps % EVERY.checkpoint_every for steps in lengths):
        raise ArgumentError("lengths", FLAGS.lengths, f"they must be multiples of {EVERY.checkpoint_every} steps")
    return lengths


def _texts(row: tuple) -> tuple[str, ...]:
    name, *values = row
    return name, *(f"{value:.4g}" for value in values), f"{values[-1] / values[0]:.1f}" if values[0] >= 1e-4 else "-"


def make_up(directory: RunDirectory, steps: int) -> None:
    """Writes rows, scores and sample grids of a run that has never been trained."""
    directory.create()
    noise = np.random.default_rng(0).random
    with directory.metrics_file.open("w") as stream:
        for step in range(EVERY.log_every, steps + 1, EVERY.log_every):
            stream.write(json.dumps(row(step, *noise(3))) + "\n")
    with directory.scores_file.open("w") as stream:
        for step in range(0, steps + 1, EVERY.evaluate_every):
            stream.write(json.dumps(score(step, *noise(3))) + "\n")
    pictures = list(_pictures(directory.samples_dir))
    for index, step in enumerate(range(0, steps + 1, EVERY.sample_every)):
        os.link(pictures[index % PICTURES], directory.samples_file(step))
    for path in pictures:
        path.unlink()


def row(step: int, loss: float, real: float, fake: float) -> dict:
    """One of `metrics.jsonl`."""
    values = {"d_loss": 0.8 + loss, "g_loss": 1 + loss, "d_real": real, "d_fake": fake, "d_accuracy": 0.6 + loss / 3}
    return {"step": step, "epoch": round(step / 469, 4), **values, **TIMES, "health": "healthy"}


def score(step: int, noise: float, diversity: float, closest: float) -> dict:
    """One of `scores.jsonl`, falling as scores do."""
    distance = 40 / (1 + step / 500) ** 0.5 + noise
    ratios = {"diversity": 0.9 + 0.1 * diversity, "closest": 0.9 + 0.1 * closest}
    return {"step": step, "frechet_random_conv_2k": round(distance, 4), **ratios, "seconds": 0.5}


def _pictures(folder: Path) -> Iterator[Path]:
    """Grids of 64 blurred spots with some noise, as large and as hard to compress as those of the digits."""
    random = np.random.default_rng(1)
    down, across = np.mgrid[:IMAGE_SIZE, :IMAGE_SIZE]
    for number in range(PICTURES):
        centers = random.uniform(8, 24, (2, 64, 1, 1))
        spots = np.exp(-((down - centers[0]) ** 2 + (across - centers[1]) ** 2) / 40)
        pixels = np.clip(255 * spots + random.normal(0, 10, spots.shape), 0, 255).astype(np.uint8)
        path = folder / f"picture-{number}.png"
        images.write_png(path, images.magnified(images.grid(pixels[..., None])))
        yield path


def _in_its_own_process(folder: str, steps: int) -> dict[str, tuple[float, float]]:
    command = [sys.executable, "-m", "benchmarks.long_runs", "measure", folder, str(steps)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return json.loads(done.stdout.splitlines()[-1])


def measure(directory: RunDirectory, steps: int) -> dict[str, tuple[float, float]]:
    """Continues a made-up run; seconds and MB by what was done.

    Args:
        directory: of the run, made by `make_up`.
        steps: where it stands. Everything after the last checkpoint but one is removed and made again.
    """
    config = presets.PRESETS["tiny"].with_settings({"image_size": IMAGE_SIZE, **vars(EVERY)})
    size, crop = config.model.image_size, config.data.crop
    store = data.prepare_store(data.open_source(config.data), size, 1, crop, str(directory.path / "cache"))
    recorded = {"preset": "tiny", "data": store.manifest, "versions": {}}
    directory.write_config(config, recorded)
    state, sampler = TrainingState(config), Generator(config.model)
    sampler.load(state.sampling_weights())
    sampler.images()
    values = Evaluator(lambda generator: {"frechet_random_conv_2k": 1.0}, "frechet_random_conv_2k")

    def start(step: int) -> PeriodicWork:
        return PeriodicWork(config, directory, step, state, store, sampler, values)

    with tempfile.TemporaryDirectory() as other:  # what is done for the first time costs more: imports, traces
        warm = RunDirectory(other)
        warm.create()
        warm.write_config(config, recorded)
        work = PeriodicWork(config, warm, None, state, store, sampler, values)
        for step in range(0, 1001, EVERY.log_every):
            work.report(step, row(step, 0.5, 0.5, 0.5))
        work.close()
        del work
    step, results, made = steps - EVERY.checkpoint_every, {}, []
    results["start of a continuation, 25 rows removed"] = _costs(lambda: made.append(start(step)))
    results["start of a continuation, nothing removed"] = _costs(lambda: made.append(start(step)))
    work = made[-1]
    rows = [row(step + 20 * number, 0.5, 0.5, 0.5) for number in range(1, 11)]
    results["10 rows and their verdicts"] = _costs(lambda: [work.report(each["step"], each) for each in rows])
    results["a score, samples for it included"] = _costs(lambda: work._evaluate(steps))
    work.report(steps - 250, row(steps - 250, 0.5, 0.5, 0.5))
    results["curves and a checkpoint"] = _costs(lambda: work.save(steps))
    results["end: the animation"] = _costs(work.close)
    run = api.open_run(directory.path)
    results["`open_run(...).verdict`"] = _costs(lambda: run.verdict)
    return results


def _costs(action: Callable[[], object]) -> tuple[float, float]:
    """Seconds of processor time, and the MB by which the peak of the memory exceeds what was held before."""
    Path("/proc/self/clear_refs").write_text("5")  # forgets the peak so far
    before = _memory("VmRSS")
    start = time.process_time()
    action()
    return time.process_time() - start, max(0.0, _memory("VmHWM") - before)


def _memory(name: str) -> float:
    return int(re.search(rf"{name}:\s+(\d+)", Path("/proc/self/status").read_text()).group(1)) / 1000


if __name__ == "__main__":
    if sys.argv[1:2] == ["measure"]:
        print(json.dumps(measure(RunDirectory(sys.argv[2]), int(sys.argv[3]))))
    else:
        sys.exit(console.execute(main, FLAGS, sys.argv))
