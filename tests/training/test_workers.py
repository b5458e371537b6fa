"""Several worker processes, as on several machines, on the loopback interface."""

import signal
import time

import pytest

from tests import processes
from tests.conftest import make_classes

pytestmark = pytest.mark.full

COMMON = ("--preset=tiny", "--steps=20", "--checkpoint_every=4")


def start_workers(run, *arguments, of_each=((), ())):
    hosts = ",".join(f"127.0.0.1:{port}" for port in processes.free_ports(len(of_each)))
    common = (*COMMON, f"--run={run}", f"--worker_hosts={hosts}", *arguments)
    return [processes.start(*common, f"--worker_index={index}", *own) for index, own in enumerate(of_each)]


def test_two_workers_give_the_run_of_one(tmp_path):
    one = processes.start(*COMMON, f"--run={tmp_path}/one")
    for process in [*start_workers(tmp_path / "two"), one]:
        processes.finish(process)
    assert processes.largest_difference(tmp_path / "one", tmp_path / "two") < 1e-4
    assert len(processes.rows(tmp_path / "two")) == 10
    for ours, theirs in zip(processes.rows(tmp_path / "one"), processes.rows(tmp_path / "two"), strict=True):
        assert ours.pop("health") == theirs.pop("health")
        assert ours == pytest.approx(theirs, rel=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("victim", [0, 1])
def test_a_lost_worker_ends_the_others_and_the_same_commands_go_on(tmp_path, victim):
    for process in start_workers(
        tmp_path / "whole" / "run", "--steps=1500", "--checkpoint_every=500", "--sample_every=1500"
    ):
        processes.finish(process)
    arguments = ("--steps=1500", "--checkpoint_every=500", "--sample_every=1500")
    workers = start_workers(tmp_path / "parts" / "run", *arguments)
    while not (tmp_path / "parts" / "run" / "checkpoints" / "step-00000500.npz").exists():
        assert all(worker.poll() is None for worker in workers)
        time.sleep(0.02)
    workers[victim].kill()
    lost = time.monotonic()
    output, _ = workers[1 - victim].communicate(timeout=120)
    assert time.monotonic() - lost < 60
    assert workers[1 - victim].returncode != 0
    assert "error: lost another worker" in output and "start the same command" in output
    assert "Traceback" not in output
    for process in start_workers(tmp_path / "parts" / "run", *arguments):
        processes.finish(process)
    processes.assert_bit_equal(tmp_path / "whole" / "run", tmp_path / "parts" / "run")


@pytest.mark.parametrize("told", [pytest.param(0, marks=pytest.mark.slow), 1])
def test_a_signal_to_one_worker_stops_all_at_the_same_step(tmp_path, told):
    workers = start_workers(tmp_path / "run", "--steps=100000", "--sample_every=100000", "--checkpoint_every=100000")
    metrics = tmp_path / "run" / "metrics.jsonl"
    deadline = time.monotonic() + 120
    while not (metrics.exists() and metrics.stat().st_size):
        assert all(worker.poll() is None for worker in workers) and time.monotonic() < deadline
        time.sleep(0.05)
    workers[told].send_signal(signal.SIGTERM)
    outputs = [worker.communicate(timeout=60)[0] for worker in workers]
    assert [worker.returncode for worker in workers] == [143, 143], outputs
    step = int(processes.arrays(tmp_path / "run")["step"])
    assert step > 0 and all(f"stopped at step {step}: SIGTERM" in output for output in outputs)


@pytest.mark.slow  # test_rendezvous has it without TensorFlow
def test_workers_with_other_settings_are_refused_at_the_start(tmp_path):
    workers = start_workers(tmp_path / "run", "--update=algorithm1", of_each=[("--d_steps=1",), ("--d_steps=2",)])
    for worker in workers:
        output, _ = worker.communicate(timeout=120)
        assert worker.returncode == 1
        assert "has --d_steps=2, the first worker --d_steps=1; give all workers the same settings" in output
        assert "Traceback" not in output
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_workers_with_other_images_are_refused(tmp_path):
    folders = [tmp_path / name for name in ("ours", "theirs")]
    for count, folder in enumerate(folders, start=3):
        make_classes(folder, {"cats": count, "dogs": 4})
    workers = start_workers(tmp_path / "run", of_each=[(f"--dataset={folder}",) for folder in folders])
    outputs = [worker.communicate(timeout=120)[0] for worker in workers]
    assert [worker.returncode for worker in workers] == [1, 1]
    assert any("worker 1 (127.0.0.1:" in output and "do not agree on the images" in output for output in outputs)
    assert not any("Traceback" in output for output in outputs)
