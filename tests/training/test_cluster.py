"""Which workers train together: settings, TF_CONFIG, Kubernetes."""

import json

import pytest

from dcgan_tf.config import DeviceConfig
from dcgan_tf.errors import UserError
from dcgan_tf.training import cluster

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


def test_a_worker_has_a_name_for_messages_and_an_address():
    found = cluster.Cluster(("a.b:1", "[::1]:65535"), 0)
    assert [found.name(index) for index in range(3)] == ["worker 0 (a.b:1)", "worker 1 ([::1]:65535)", "worker 2"]
    assert found.address(1) == ("::1", 65535)


@pytest.mark.parametrize(
    ("config", "environment", "message"),
    [
        (DeviceConfig(strategy="multi_worker"), {}, "TF_CONFIG"),
        (DeviceConfig(worker_hosts=HOSTS), {}, "position of this process"),
        (DeviceConfig(worker_hosts=HOSTS, worker_index=3), {}, "there are 3 workers"),
        (DeviceConfig(worker_hosts="a,b", worker_index=0), {}, "HOST:PORT"),
        (DeviceConfig(worker_hosts="a:1,a:1", worker_index=0), {}, "once"),
        (DeviceConfig(worker_hosts="a:1,b:65536", worker_index=0), {}, "HOST:PORT"),
        (DeviceConfig(worker_hosts="a:0,b:1", worker_index=0), {}, "HOST:PORT"),
        (DeviceConfig(), tf_config({"worker": ["a", "b:1"]}, "worker", 0), "TF_CONFIG: 'a' is not HOST:PORT"),
        (DeviceConfig(), {"TF_CONFIG": "{nonsense"}, "not the description of a cluster"),
        (DeviceConfig(), tf_config({"worker": ["a:1"], "ps": ["b:1"]}, "worker", 0), "type ps"),
        (DeviceConfig(), tf_config({"worker": ["a:1", "b:1"]}, "worker", 2), "not in its cluster"),
    ],
)
def test_a_contradiction_is_refused(config, environment, message):
    with pytest.raises(UserError, match=message):
        cluster.find(config, environment)
