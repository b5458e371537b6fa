"""Faults of the disk, provoked for real on a small file system in memory; that needs the right to mount one."""

import re
import shutil
import subprocess

import pytest

from dcgan_tf.cli.main import main
from tests import processes

pytestmark = pytest.mark.full

COMMON = (
    "--preset=tiny", "--base_filters=16", "--log_every=2", "--sample_every=8", "--checkpoint_every=4",
    "--keep_checkpoints=9",
)  # fmt: skip


RUN = ("--preset=tiny", "--steps=7", "--log_every=2", "--sample_every=3", "--checkpoint_every=3", "--evaluate_every=2")

AMOUNTS = (
    r"(/run|/cache)\S*: no space left on the disk \(((?P<needed>[1-9][0-9.]* \w+) needed, )?(?P<free>\S+ \w+) free\)"
)

BEFORE = r"error: the prepared images need (?P<needed>\S+ \w+) and \S+/cache has (?P<free>\S+ \w+) free: make room"
"""What is said where it is known before anything is written."""


def mount(*arguments: object) -> bool:
    try:
        return subprocess.run(["mount", *map(str, arguments)], capture_output=True).returncode == 0
    except OSError:
        return False


@pytest.fixture
def disk(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    if not mount("-t", "tmpfs", "-o", "size=4m", "tmpfs", folder):
        pytest.skip("needs the right to mount a file system in memory")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)  # event files are still open


def fill(folder, left: int) -> None:
    """Fills the disk up to `left` bytes."""
    with (folder / "filler").open("wb", buffering=0) as stream:
        stream.write(bytes(shutil.disk_usage(folder).free - left))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    path = tmp_path_factory.mktemp("faults") / "run"
    assert main(["train", *COMMON, "--steps=20", f"--run={path}"]) == 0
    return path


def bytes_of(amount: str) -> float:
    number, unit = amount.split()
    return float(number) * {"bytes": 1, "KB": 1e3, "MB": 1e6}[unit]


def full_at(forks, whole, folder, moment: int) -> None:
    """A run whose disk becomes full at an event: what it says, what it leaves, how it ends when there is room again."""
    ended = forks.train(folder, RUN, fill=moment)
    assert not list(folder.rglob("*.tmp")) and "Traceback" not in ended.output
    if ended.code:  # the last bytes may find room in blocks that are there
        line = ended.output.strip().splitlines()[-1]
        said = re.match(rf"error: .*{AMOUNTS}; make room", line) or re.match(BEFORE, line)
        assert said and (said["needed"] is None or bytes_of(said["needed"]) < 1e6), line
        assert bytes_of(said["free"]) < bytes_of(said["needed"] or "4.0 KB"), line
        assert re.search(f"the same command starts again|train --run={folder}/run|--image_size", line), line
    (folder / "filler").unlink(missing_ok=True)
    again = forks.train(folder, RUN)
    assert again.code == 0, again.output
    assert processes.differences(whole / "run", folder / "run") == []


@pytest.mark.parametrize(
    "moment",
    ["write run/.config.json.tmp", "append run/metrics.jsonl", "write run/samples/.000003.png.tmp",
     "write run/checkpoints/.step-00000003.npz.tmp", "write run/.training.gif.tmp"],
)  # fmt: skip
def test_a_disk_that_becomes_full(forks, tmp_path, disk, moment):
    """One line says for what there is no space, and how to continue; nothing temporary is left, and nothing is lost."""
    events = forks.train(tmp_path, RUN).events
    full_at(forks, tmp_path, disk / "folder", events.index(moment) + 1)


def test_a_disk_that_is_full_when_an_event_file_grows(forks, disk):
    """TensorFlow writes it, and calls this an exhausted resource, as it does with memory."""
    settings = (
        "--preset=tiny", "--steps=40", "--log_every=1", "--evaluate_every=0", "--sample_every=99",
        "--checkpoint_every=99",
    )  # fmt: skip
    moment = forks.train(disk / "whole", settings).events.index("append run/metrics.jsonl") + 3
    shutil.rmtree(disk / "whole")
    ended = forks.train(disk / "folder", settings, fill=moment, tensorboard=True)
    line = ended.output.strip().splitlines()[-1]
    assert ended.code == 1 and re.match(rf"error: \S+{AMOUNTS}; make room", line) and "/run/tensorboard: " in line, line
    assert re.search(rf"make room, then continue with .* --run={disk}/folder/run$", line) and "memory" not in line
    (disk / "folder" / "filler").unlink()
    assert forks.train(disk / "folder", settings, tensorboard=True).code == 0


@pytest.mark.slow
def test_a_disk_that_becomes_full_at_any_moment(forks, tmp_path, disk):
    for moment, _ in enumerate(forks.train(tmp_path, RUN).events, 1):
        full_at(forks, tmp_path, disk / "folder", moment)
        shutil.rmtree(disk / "folder")


@pytest.mark.slow
@pytest.mark.parametrize("left", [0, 65_536, 300_000])
def test_a_full_disk_stops_the_run_and_costs_nothing_but_time(script, whole, disk, left):
    """The less space is left, the earlier a write fails: rows, grids, checkpoint, curves."""
    assert script("train", *COMMON, "--steps=8", f"--run={disk}/run").code == 0
    fill(disk, left)
    outcome = script("train", *COMMON, "--steps=20", f"--run={disk}/run")
    assert outcome.code == 1 and outcome.last_line.startswith("error: "), outcome.err
    assert "o space left" in outcome.last_line and "Traceback" not in outcome.err
    assert not list((disk / "run").rglob("*.tmp"))
    (disk / "filler").unlink()
    assert script("train", *COMMON, "--steps=20", f"--run={disk}/run").code == 0
    processes.assert_bit_equal(whole, disk / "run")


@pytest.mark.slow
def test_a_disk_that_became_read_only(script, tmp_path, disk):
    processes.finish(processes.start(*COMMON, "--steps=8", f"--run={disk}/run"))  # holds no file open afterwards
    assert mount("-o", "remount,ro", disk)
    outcome = script("train", f"--run={disk}/run", "--steps=20")
    assert outcome.code in (1, 2) and outcome.last_line.startswith("error: ") and "Traceback" not in outcome.err
    assert mount("-o", "remount,rw", disk)
    assert script("train", f"--run={disk}/run", "--steps=20").code == 0


def test_a_full_disk_while_the_images_are_prepared(script, tmp_path, disk):
    fill(disk, 100_000)
    outcome = script("train", *COMMON, "--steps=2", f"--run={tmp_path}/run", f"--cache_dir={disk}/cache")
    assert outcome.code == 1 and "--cache_dir" in outcome.last_line
    assert not (tmp_path / "run").exists()
    assert [path.name for path in disk.rglob("*") if path.is_file()] == ["filler"]
