"""Several worker processes, as on several machines, on the loopback interface."""

import json
import signal
import time

import pytest

from dcgan_tf.config import DeviceConfig
from dcgan_tf.errors import UserError
from dcgan_tf.training import cluster
from tests import processes

COMMON = ("--preset=tiny", "--steps=20", "--checkpoint_every=4")


def start_workers(run, *arguments, count=2):
    hosts = ",".join(f"127.0.0.1:{port}" for port in processes.free_ports(count))
    return [
        processes.start(*COMMON, *arguments, f"--run={run}", f"--worker_hosts={hosts}", f"--worker_index={index}")
        for index in range(count)
    ]


def test_two_workers_follow_the_trajectory_of_one(tmp_path):
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
    for process in start_workers(tmp_path / "whole", "--steps=1500", "--checkpoint_every=500", "--sample_every=1500"):
        processes.finish(process)
    arguments = ("--steps=1500", "--checkpoint_every=500", "--sample_every=1500")
    workers = start_workers(tmp_path / "parts", *arguments)
    while not (tmp_path / "parts" / "checkpoints" / "step-00000500.npz").exists():
        assert all(worker.poll() is None for worker in workers)
        time.sleep(0.02)
    workers[victim].kill()
    lost = time.monotonic()
    output, _ = workers[1 - victim].communicate(timeout=120)
    assert time.monotonic() - lost < 60
    assert workers[1 - victim].returncode != 0
    assert "error: lost another worker" in output and "start the same command" in output
    assert "Traceback" not in output
    for process in start_workers(tmp_path / "parts", *arguments):
        processes.finish(process)
    processes.assert_bit_equal(tmp_path / "whole", tmp_path / "parts")


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


def test_workers_with_other_images_are_refused(tmp_path):
    hosts = ",".join(f"127.0.0.1:{port}" for port in processes.free_ports(2))
    workers = [
        processes.start(
            *COMMON,
            f"--image_size={8 * (1 + index)}",
            f"--run={tmp_path}/run",
            f"--worker_hosts={hosts}",
            f"--worker_index={index}",
            "--generator_depth=1",
            "--discriminator_depth=1",
        )
        for index in range(2)
    ]
    outputs = [worker.communicate(timeout=120)[0] for worker in workers]
    assert all(worker.returncode != 0 for worker in workers)
    assert any("do not agree" in output or "lost another worker" in output for output in outputs), outputs


HOSTS = "a:1,b:2,c:3"


@pytest.mark.parametrize(
    ("config", "environment", "expected"),
    [
        (DeviceConfig(), {}, None),
        (DeviceConfig(worker_hosts=HOSTS, worker_index=1), {}, (("a:1", "b:2", "c:3"), 1)),
        (DeviceConfig(worker_hosts=HOSTS), {"JOB_COMPLETION_INDEX": "2"}, (("a:1", "b:2", "c:3"), 2)),
        (DeviceConfig(worker_hosts="a:1", worker_index=0), {}, None),
    ],
)
def test_the_cluster_from_hosts(config, environment, expected):
    found = cluster.find(config, environment)
    assert (found and (found.hosts, found.index)) == expected


def tf_config(members, kind, index):
    return {"TF_CONFIG": json.dumps({"cluster": members, "task": {"type": kind, "index": index}})}


def test_the_cluster_from_tf_config_as_kubeflow_sets_it():
    members = {"worker": ["job-worker-0.ns.svc:2222", "job-worker-1.ns.svc:2222"], "chief": ["job-chief-0.ns.svc:2222"]}
    found = cluster.find(DeviceConfig(), tf_config(members, "worker", 1))
    assert found.hosts[0] == "job-chief-0.ns.svc:2222" and found.index == 2 and not found.is_chief
    assert json.loads(found.tf_config())["task"] == {"type": "worker", "index": 2}
    assert cluster.find(DeviceConfig(), tf_config(members, "chief", 0)).is_chief
    assert cluster.find(DeviceConfig(), tf_config({"worker": ["a:1"]}, "worker", 0)) is None


@pytest.mark.parametrize(
    ("config", "environment", "message"),
    [
        (DeviceConfig(strategy="multi_worker"), {}, "TF_CONFIG"),
        (DeviceConfig(worker_hosts=HOSTS), {}, "--worker_index"),
        (DeviceConfig(worker_hosts=HOSTS, worker_index=3), {}, "there are 3 workers"),
        (DeviceConfig(worker_hosts="a,b", worker_index=0), {}, "HOST:PORT"),
        (DeviceConfig(worker_hosts="a:1,a:1", worker_index=0), {}, "once"),
        (DeviceConfig(), {"TF_CONFIG": "{nonsense"}, "not a cluster description"),
        (DeviceConfig(), tf_config({"worker": ["a:1"], "ps": ["b:1"]}, "worker", 0), "type ps"),
        (DeviceConfig(), tf_config({"worker": ["a:1", "b:1"]}, "worker", 2), "not in its cluster"),
    ],
)
def test_a_cluster_that_contradicts_itself_is_refused(config, environment, message):
    with pytest.raises(UserError, match=message):
        cluster.find(config, environment)
