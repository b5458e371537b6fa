"""Two workers with one thread each beside one process with one thread: images per second, as a ratio, in turns.

  python benchmarks/scaling.py --preset=digits_32 --dataset=digits
  python benchmarks/scaling.py --preset=torch_64 --steps=40

The workers are real processes under MultiWorkerMirroredStrategy on the loopback interface, so what the ratio lacks to 2
is what communication and waiting for one another cost.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import end_to_end  # noqa: E402
from dcgan_tf import presets  # noqa: E402
from dcgan_tf.cli import console  # noqa: E402
from dcgan_tf.cli.flags import Flags  # noqa: E402
from dcgan_tf.errors import UserError  # noqa: E402
from dcgan_tf.runs import RunDirectory  # noqa: E402
from tests.processes import free_ports  # noqa: E402

FLAGS = Flags(__doc__)
FLAGS.choice("preset", tuple(presets.PRESETS), "what is trained", "digits_32")
FLAGS.whole("rounds", 3, "how often each is measured, in turns")
FLAGS.settings()

ONE_THREAD = {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1", "OMP_NUM_THREADS": "1"}


def main() -> None:
    """Measures both in turns and prints the ratio."""
    given = {"steps": 200, "log_every": 10} | FLAGS.given_settings()
    config = presets.PRESETS[FLAGS.preset].with_settings(given)
    quiet = {"sample_every": config.training.steps, "checkpoint_every": config.training.steps}
    with tempfile.TemporaryDirectory(prefix="dcgan_tf-benchmark-") as folder:
        if "dataset" not in given:
            end_to_end.noise(Path(folder) / "noise.npz", config, 4 * 1024)
            given |= {"dataset": f"{folder}/noise.npz", "cache_dir": f"{folder}/cache"}
        arguments = [f"--preset={FLAGS.preset}", *(end_to_end.argument(*item) for item in (given | quiet).items())]
        rounds = [
            (measured(f"{folder}/one{number}", arguments, 1), measured(f"{folder}/two{number}", arguments, 2))
            for number in range(FLAGS.rounds)
        ]
    ratios = [two / one for one, two in rounds]
    print(f"{FLAGS.preset}, batch {config.training.batch_size}, {config.training.steps} steps, {FLAGS.rounds} rounds")
    print(f"one process, one thread:   {statistics.median(one for one, _ in rounds):8.1f} images/s")
    print(f"two workers, one thread each: {statistics.median(two for _, two in rounds):5.1f} images/s")
    print(f"ratio: {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}); 2 would be perfect")


def measured(run: str, arguments: list[str], workers: int) -> float:
    """Images per second of the chief, over all rows but the first."""
    hosts = ",".join(f"127.0.0.1:{port}" for port in free_ports(workers))
    processes = [
        subprocess.Popen(
            [sys.executable, str(ROOT / "train.py"), f"--run={run}", *arguments, *_place(hosts, index, workers)],
            env=os.environ | ONE_THREAD,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for index in range(workers)
    ]
    for process in processes:
        _, errors = process.communicate()
        if process.returncode:
            raise UserError(f"train.py ended with code {process.returncode}: {errors.strip().splitlines()[-1]}")
    rows: list[dict[str, Any]] = [json.loads(line) for line in RunDirectory(run).metrics_file.read_text().splitlines()][
        1:
    ]
    return sum(row["images_per_second"] * row["seconds"] for row in rows) / sum(row["seconds"] for row in rows)


def _place(hosts: str, index: int, workers: int) -> list[str]:
    return [f"--worker_hosts={hosts}", f"--worker_index={index}"] if workers > 1 else []


if __name__ == "__main__":
    sys.exit(console.execute(main, FLAGS, sys.argv))
