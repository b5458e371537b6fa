"""SIGKILL at any moment costs nothing but time: continued, a run leaves every file as one that was never killed."""

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest

from tests import processes
from tests.conftest import make_classes
from tests.killing import tear

PLAIN = ("--preset=tiny", "--steps=7", "--log_every=2", "--sample_every=3", "--checkpoint_every=3",
         "--evaluate_every=2", "--keep_checkpoints=2")  # fmt: skip
SETTINGS = {
    "plain": PLAIN,
    "conditional, algorithm1": (
        *PLAIN, "--conditional", "--update=algorithm1", "--d_steps=2", "--ema_decay=0.9", "--steps=9",
        "--steps_per_execution=4", "--checkpoint_every=4", "--keep_checkpoints=1", "--evaluate_every=3",
    ),
    "own networks": ("networks",),
}  # fmt: skip
MOMENTS = [
    "write cache/.digits.tmp/manifest.json",
    "rename to run/config.json",
    "append run/scores.jsonl",
    "rename to run/checkpoints/best/step-N.json",
    "rename to run/checkpoints/step-N.npz",
    "append run/metrics.jsonl",
    "remove run/checkpoints/best/step-N.npz",
    "rename to run/training.gif",
]

KILLED = """import os, signal, sys
from dcgan_tf import quiet
from dcgan_tf.cli import process

quiet.load_tensorflow()
from dcgan_tf.training import evaluator, step

def killed(*_):
    global calls
    calls -= 1
    return os.kill(os.getpid(), signal.SIGKILL) if calls == 0 else function(*_)

module, name, calls = {call}
function = getattr(module, name)
setattr(module, name, killed)
sys.exit(process.run(["train", *sys.argv[1:]]))"""
"""Training that is killed when it calls a function for the n-th time."""


@pytest.fixture(scope="module")
def whole(forks, tmp_path_factory):
    """Makes, once for each setting, a run that is not killed: its folder and its events."""
    made = {}

    def make(name: str):
        if name not in made:
            folder = tmp_path_factory.mktemp("whole")
            ended = forks.train(folder, SETTINGS[name])
            assert ended.code == 0, ended.output
            made[name] = folder, ended.events
        return made[name]

    return make


def kind_of(event: str) -> str:
    """The event without the numbers in its names."""
    return re.sub(r"\d{6,8}", "N", re.sub(r"-[0-9a-f]{16}\b", "", event))


def differences(whole, folder) -> list[str]:
    """What differs in the run directory, and what else than the store is left in the cache."""
    found = processes.differences(whole / "run", folder / "run")
    stores = sorted(path.name for path in (whole / "cache").iterdir())
    return found + sorted({path.name for path in (folder / "cache").iterdir()} ^ set(stores))


def killed_and_continued(forks, whole, folder, settings, *kills: int, torn: bool = False) -> list[str]:
    """Kills a run at these events, each time after continuing it, and continues it to its end."""
    for kill in kills:
        assert forks.train(folder, settings, kill, torn).code == -9
    ended = forks.train(folder, settings)
    assert ended.code == 0, ended.output
    return differences(whole, folder)


@pytest.mark.full
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_kill_changes_no_file(forks, whole, tmp_path, moment):
    """At the last event of its kind; where a row is appended, half of it is there."""
    folder, events = whole("plain")
    numbers = [number for number, event in enumerate(events, 1) if kind_of(event) == moment]
    assert numbers, sorted(set(map(kind_of, events)))
    assert killed_and_continued(forks, folder, tmp_path / "killed", SETTINGS["plain"], numbers[-1], torn=True) == []


@pytest.mark.full
def test_a_run_that_has_ended_is_left_as_it_is(forks, whole, tmp_path):
    """Killed twice, the second time when the animation is about to get its name; then nothing is left to do, twice."""
    folder, events = whole("plain")
    first = events.index("append run/metrics.jsonl") + 1
    settings, killed = SETTINGS["plain"], tmp_path / "killed"
    assert forks.train(killed, settings, first).code == -9
    shutil.copytree(killed, tmp_path / "copied")
    animation = forks.train(tmp_path / "copied", settings).events.index("rename to run/training.gif") + 1
    assert killed_and_continued(forks, folder, killed, settings, animation) == []
    again = forks.train(killed, settings)
    assert again.code == 0 and "nothing to do" in again.output
    assert differences(folder, killed) == []


@pytest.mark.full
def test_a_signal_during_the_animation_stops_it_and_says_how_to_go_on(forks, whole, tmp_path):
    """Then there is nothing to finish, and the checkpoint is there."""
    folder, events = whole("plain")
    moment, settings = events.index("write run/.training.gif.tmp") + 1, SETTINGS["plain"]
    stopped = forks.train(tmp_path / "run", settings, moment, number=signal.SIGTERM)
    assert stopped.code == 128 + signal.SIGTERM and "finishing" not in stopped.output
    assert re.search(rf"stopped; to continue:\n  .* --run={tmp_path}/run/run\n$", stopped.output), stopped.output
    assert killed_and_continued(forks, folder, tmp_path / "run", settings) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", SETTINGS)
def test_a_kill_at_every_event(forks, whole, tmp_path, name):
    """Prints how many events there are of each kind, and after how many of them a continued run left another tree."""
    folder, settings = whole(name)[0], SETTINGS[name]
    events = forks.train(tmp_path / "copied", settings, copies=tmp_path).events
    tried, bad = Counter(), Counter()
    for number, event in enumerate(events, 1):
        copy, kinds = tmp_path / str(number), [kind_of(event)]
        copy.mkdir(exist_ok=True)
        if event.startswith("append"):
            shutil.copytree(copy, tmp_path / f"{number}-torn")
            tear(tmp_path / f"{number}-torn" / event.removeprefix("append "))
            kinds.append(f"{kinds[0]}, half a row")
        for kind, place in zip(kinds, (copy, tmp_path / f"{number}-torn"), strict=False):
            found = killed_and_continued(forks, folder, place, settings)
            tried[kind] += 1
            bad[kind] += bool(found)
            if found:
                print(number, kind, found)
    for kind, count in sorted(tried.items()):
        print(f"{name} | {kind} | {count} | {bad[kind]}")
    assert not bad.total()


@pytest.mark.slow
@pytest.mark.parametrize("name", SETTINGS)
def test_two_kills(forks, whole, tmp_path, name):
    """The continued run is killed, too: at events spread over both."""
    folder, events = whole(name)
    for first in range(5, len(events), 9):
        second = 1 + first * 7 % max(2, len(events) - first)
        kills = (first, second)
        assert killed_and_continued(forks, folder, tmp_path / str(first), SETTINGS[name], *kills) == [], kills


@pytest.mark.slow
@pytest.mark.parametrize("devices", [1, 2])
def test_ten_kills_at_random_moments(tmp_path, devices):
    """Real training, also while it is imported, prepared and traced."""
    make_classes(tmp_path / "photos", {"cats": 100, "dogs": 100})
    settings = ("--flip", "--update=algorithm1", "--d_steps=2", "--label_smoothing=0.1", f"--devices={devices}")
    reports = ("--log_every=3", "--sample_every=40", "--checkpoint_every=10", "--evaluate_every=40")
    common = ("--preset=tiny", *reports, *settings, "--steps=400", f"--dataset={tmp_path}/photos")

    def start(name: str):
        cache = str(tmp_path / name / "cache")
        return processes.start(*common, f"--run={tmp_path}/{name}/run", DCGAN_TF_CACHE_DIR=cache)

    processes.finish(start("whole"))
    random.seed(0)
    hits = 0
    for _ in range(10):
        process = start("killed")
        time.sleep(random.uniform(2.0, 16.0))
        hits += process.poll() is None
        process.kill()
        process.wait()
    processes.finish(start("killed"))
    assert hits >= 8
    assert differences(tmp_path / "whole", tmp_path / "killed") == []


@pytest.mark.slow
def test_real_kills_while_the_step_is_traced_and_while_samples_are_evaluated(tmp_path):
    """At step 0, and at the second evaluation after it."""
    common = SETTINGS["conditional, algorithm1"]

    def start(name: str):
        cache = str(tmp_path / name / "cache")
        return processes.start(*common, f"--run={tmp_path}/{name}/run", DCGAN_TF_CACHE_DIR=cache)

    processes.finish(start("whole"))
    for name, call in {
        "tracing": "(step, '_set_rates', 1)",
        "first evaluation": "(evaluator, 'frechet_distance', 1)",
        "third evaluation": "(evaluator, 'frechet_distance', 3)",
    }.items():
        program = [sys.executable, "-c", KILLED.format(call=call), *common, f"--run={tmp_path}/{name}/run"]
        environment = os.environ | {"DCGAN_TF_CACHE_DIR": str(tmp_path / name / "cache")}
        killed = subprocess.run(program, cwd=processes.ROOT, env=environment, capture_output=True, text=True)
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        processes.finish(start(name))
        assert differences(tmp_path / "whole", tmp_path / name) == [], name
