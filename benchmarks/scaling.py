"""Two workers with one thread each beside one process with one thread: images per second, as a ratio, in turns.

  python -m benchmarks.scaling --preset=digits_32 --dataset=digits
  python -m benchmarks.scaling --preset=torch_64 --steps=40

The workers are real processes under MultiWorkerMirroredStrategy on the loopback interface, so what the ratio lacks to 2
is what communication and waiting for one another cost.
"""

import statistics
import sys
import tempfile
from typing import Any

from benchmarks import end_to_end
from dcgan_tf import presets
from dcgan_tf.cli import console
from dcgan_tf.cli.flags import Flags
from dcgan_tf.runs import RunDirectory
from tests.processes import free_ports

FLAGS = Flags(__doc__)
FLAGS.choice("preset", tuple(presets.PRESETS), "what is trained", "digits_32")
FLAGS.whole("rounds", 3, "how often each is measured, in turns")
FLAGS.settings()

ONE_THREAD = {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1", "OMP_NUM_THREADS": "1"}


def main() -> None:
    """Measures both in turns and prints the ratio."""
    settings = {"steps": 200, "log_every": 10} | FLAGS.given_settings()
    config = presets.PRESETS[FLAGS.preset].with_settings(settings)
    settings |= {"sample_every": config.training.steps, "checkpoint_every": config.training.steps}
    with tempfile.TemporaryDirectory(prefix=end_to_end.PREFIX) as folder:
        if "dataset" not in settings:
            settings |= end_to_end.noise(folder, config, 4 * 1024)
        rounds = [
            (measured(f"{folder}/one{number}", settings, 1), measured(f"{folder}/two{number}", settings, 2))
            for number in range(FLAGS.rounds)
        ]
    ratios = [two / one for one, two in rounds]
    print(f"{FLAGS.preset}, batch {config.training.batch_size}, {config.training.steps} steps, {FLAGS.rounds} rounds")
    print(f"one process, one thread:   {statistics.median(one for one, _ in rounds):8.1f} images/s")
    print(f"two workers, one thread each: {statistics.median(two for _, two in rounds):5.1f} images/s")
    print(f"ratio: {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}); 2 would be perfect")


def measured(path: str, settings: dict[str, Any], workers: int) -> float:
    """Images per second of the chief, over all rows but the first."""
    run, hosts = RunDirectory(path), ",".join(f"127.0.0.1:{port}" for port in free_ports(workers))
    places = [{"worker_hosts": hosts, "worker_index": index} for index in range(workers)] if workers > 1 else [{}]
    processes = [end_to_end.start(run, FLAGS.preset, settings | place, **ONE_THREAD) for place in places]
    for process in processes:
        end_to_end.finish(process)
    rows = end_to_end.rows(run)[1:]
    return sum(row["images_per_second"] * row["seconds"] for row in rows) / sum(row["seconds"] for row in rows)


if __name__ == "__main__":
    sys.exit(console.execute(main, FLAGS, sys.argv))
