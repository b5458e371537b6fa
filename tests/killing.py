"""Runs that are killed at a chosen moment, each in a fork of a process that has imported TensorFlow, computing nothing.

A moment is an event: a file of the run or of the cache is about to be opened for writing, renamed, removed or cut, or a
folder is about to be made. So killing at every event in turn kills before, between and after all writes. What a kill
leaves at each event can also be had from a single run, which copies its files at every event. Where a row is about to
be appended, half of it can be written first.

Training itself is a stand-in here, so that a run takes a second: variables, step, samples, scores and curves are cheap
functions of each other. All that writes, reads and removes files is the package's own. `test_resume` trains for real.
"""

import contextlib
import json
import math
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
IGNORED = ("tensorboard", "log.txt")
TORN = b'{"step": 3, "d_lo'


@dataclass(frozen=True)
class Ended:
    """How a run ended.

    Attributes:
        code: the exit code; minus the signal's number if it was killed.
        events: what it did to files up to there, in order: "append run/metrics.jsonl", ...
        output: what it printed.
    """

    code: int
    events: list[str]
    output: str


def tear(path: str | os.PathLike) -> None:
    """Appends half a row."""
    os.write(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT), TORN)


class Forks:
    """The process that forks. Use as a context manager."""

    def __enter__(self) -> "Forks":
        self._place = tempfile.TemporaryDirectory()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.killing"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        return self

    def __exit__(self, *_) -> None:
        self._process.stdin.close()
        self._process.wait()
        self._place.cleanup()

    def train(
        self, folder: Path, arguments: tuple[str, ...], kill: int = 0, torn: bool = False, copies: Path | str = "",
        fill: int = 0, number: int = signal.SIGKILL, tensorboard: bool = False,
    ) -> Ended:  # fmt: skip
        """Trains in `folder`/run, with the cache `folder`/cache.

        Args:
            folder: where.
            arguments: those of the command line, or "networks" for a run with networks of its own.
            kill: the number of the event at which it is killed, counted from 1; 0 lets it end.
            torn: whether half a row is written first.
            copies: a folder that gets a copy of what is there at each event, by its number.
            fill: the number of the event at which the disk of `folder` becomes full, by the file `folder`/filler.
            number: of the signal that kills it.
            tensorboard: whether event files are written.
        """
        folder.mkdir(exist_ok=True)
        place = self._place.name
        request = _Request(str(folder), place, arguments, kill, torn, str(copies), fill, int(number), tensorboard)
        print(json.dumps(asdict(request)), file=self._process.stdin, flush=True)
        code = int(self._process.stdout.readline())
        return Ended(code, Path(place, "events").read_text().splitlines(), Path(place, "output").read_text())


@dataclass(frozen=True)
class _Request:
    """See `Forks.train`."""

    folder: str
    place: str
    arguments: tuple[str, ...]
    kill: int
    torn: bool
    copies: str
    fill: int
    number: int
    tensorboard: bool


def _serve() -> None:
    import sklearn.datasets  # noqa: F401
    import tensorflow  # noqa: F401

    import dcgan_tf.api  # noqa: F401
    from dcgan_tf.cli import train  # noqa: F401

    for line in sys.stdin:
        request = _Request(**json.loads(line))
        if not (child := os.fork()):
            _train(request)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _train(request: _Request) -> None:
    """What a fork does; it never returns."""
    folder = Path(request.folder)
    os.environ["DCGAN_TF_CACHE_DIR"] = str(folder / "cache")
    for descriptor in (1, 2):
        os.dup2(os.open(f"{request.place}/output", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), descriptor)
    _use_stand_ins(request.tensorboard)
    code = 70
    try:
        _watch_files(request)
        if "networks" in request.arguments:
            code = _train_own_networks(folder)
        else:
            from dcgan_tf.cli import process

            code = process.run(["train", f"--run={folder}/run", *request.arguments])
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _train_own_networks(folder: Path) -> int:
    import dcgan_tf
    from tests.test_api import networks

    generator, discriminator = networks()
    settings = {"preset": "tiny", "steps": 4, "checkpoint_every": 2, "sample_every": 2, "evaluate_every": 3}
    dcgan_tf.train("digits", run=folder / "run", generator=generator, discriminator=discriminator, **settings)
    return 0


def _watch_files(request: _Request) -> None:
    """Writes down every event, and does at one of them what is requested."""
    folder = Path(request.folder)
    events = os.open(f"{request.place}/events", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    watched = (f"{folder}/run", f"{folder}/cache")
    count = 0

    def hook(event: str, arguments: tuple) -> None:
        nonlocal count
        verb = _VERBS.get(event)
        if verb is None or not isinstance(arguments[0], (str, os.PathLike)):
            return
        path = os.fspath(arguments[1] if event == "os.rename" else arguments[0])
        if not path.startswith(watched) or any(part in path for part in IGNORED):
            return
        if verb in ("remove", "make") and Path(path).exists() == (verb == "make"):
            return
        if event == "open":
            mode, flags = arguments[1] or "", arguments[2] or 0
            if not (set(mode) & set("wax+") or flags & (os.O_WRONLY | os.O_RDWR)):
                return
            verb = "append" if "a" in mode else "write"
        name = f"{verb} {os.path.relpath(path, folder)}"
        count += 1
        os.write(events, (re.sub(r"[0-9a-f]{8}\.\d+\.tmp", "tmp", name) + "\n").encode())
        if request.copies:
            for part in ("run", "cache"):
                if (folder / part).exists():
                    shutil.copytree(folder / part, Path(request.copies, str(count), part))
        if count == request.fill:
            _fill(folder)
        if count != request.kill:
            return
        if request.torn and verb == "append":
            tear(path)
        os.kill(os.getpid(), request.number)

    sys.addaudithook(hook)


def _fill(folder: Path) -> None:
    filler = os.open(folder / "filler", os.O_WRONLY | os.O_CREAT)
    with contextlib.suppress(OSError):
        while True:
            os.write(filler, bytes(4096))


_VERBS = {
    "open": "open", "os.rename": "rename to", "os.remove": "remove", "os.mkdir": "make", "os.rmdir": "remove",
    "os.truncate": "cut", "shutil.rmtree": "remove",
}  # fmt: skip


def _use_stand_ins(tensorboard: bool) -> None:
    from types import SimpleNamespace

    from dcgan_tf.training import curves, distribution, loop, periodic, reporting, start
    from dcgan_tf.training.evaluator import Evaluator

    start.summary = SimpleNamespace(memory_warning=_nothing)
    loop.TrainingState = State
    loop.make_train_steps = _train_steps
    loop._sampling_generator = lambda *_: Sampler()
    distribution.distribute = lambda *_: []
    periodic.random_frechet = lambda store: Evaluator(_score, "frechet_of_stand_in")
    periodic.Diversity = lambda store: lambda sampler: {"diversity": 1.0, "closest": 1.0}
    if not tensorboard:
        methods = dict.fromkeys(("row", "score", "samples", "flush", "close"), _nothing)
        reporting.TensorBoard = lambda *_: SimpleNamespace(**methods)
    curves.draw = _draw


def _nothing(*_, **__) -> None:
    pass


class Variable:
    """As much of tf.Variable as checkpoints and reports use."""

    def __init__(self, value: np.ndarray):
        self.value = value

    @property
    def shape(self) -> tuple[int, ...]:
        return self.value.shape

    def numpy(self) -> np.ndarray:
        return self.value

    def assign(self, value) -> None:
        self.value = np.asarray(value, self.value.dtype)

    def __array__(self, *_, **__) -> np.ndarray:
        return self.value


class State:
    """In place of `TrainingState`."""

    def __init__(self, config, custom=None):
        self.weights = Variable(np.linspace(0.0, 1.0, 7, dtype=np.float32))
        self.sums, self.summed_steps = Variable(np.zeros(5, np.float32)), Variable(np.zeros((), np.int64))
        self.seconds_waiting, self.averages = Variable(np.zeros(())), []
        self.generator = self.discriminator = None

    def variables(self) -> dict[str, Variable]:
        return {"generator/a/kernel": self.weights, "sums": self.sums, "summed_steps": self.summed_steps}

    def sampling_weights(self) -> dict[str, Variable]:
        return {"a/kernel": self.weights}


def _train_steps(state: State, *_):
    """A step that depends on the one before in every variable."""

    def run(batches, count) -> None:
        for _ in range(int(count)):
            *others, steps = state.weights.value
            state.weights.assign([*np.sin(3.0 * np.array(others) + steps), steps + 1])
            state.sums.assign(state.sums.value + state.weights.value[:5])
            state.summed_steps.assign(state.summed_steps.value + 1)

    return run


class Sampler:
    """In place of the generator that samples are drawn from."""

    step = weights = None

    def load(self, weights: dict[str, Variable]) -> None:
        self.steps, self.value = float(weights["a/kernel"].value[-1]), float(weights["a/kernel"].value.sum())

    def samples(self, count: int) -> tuple[np.ndarray, int]:
        return np.full((4, 8, 8, 1), int(1000 * abs(self.value)) % 256, np.uint8), 0


def _score(sampler: Sampler) -> dict[str, float]:
    """It falls, with some noise, so that the best checkpoint is another one more than once."""
    return {"frechet_of_stand_in": 20.0 - sampler.steps + 2.0 * math.sin(5.0 * sampler.value)}


def _draw(directory, rows, scores) -> None:
    """What is drawn, in place of a picture, which would take most of the time."""
    from dcgan_tf import files, runs
    from dcgan_tf.checkpoints import best_score

    lines = [{name: row[name] for name in row if name not in runs.TIMES} for row in rows.items + scores.items]
    with files.written_aside(directory.curves_file) as temporary:
        temporary.write_text(json.dumps([directory.path.name, *lines, str(best_score(directory))]))


if __name__ == "__main__":
    _serve()
