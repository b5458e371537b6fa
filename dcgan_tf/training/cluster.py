"""Which machines train together: from TF_CONFIG, or from the hosts and the index that the user gives.

TF_CONFIG is what Kubeflow's TFJob sets. A plain Kubernetes Job sets JOB_COMPLETION_INDEX; with --worker_hosts the rest
follows from it.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from dcgan_tf.config import DeviceConfig
from dcgan_tf.errors import ArgumentError, UserError


@dataclass(frozen=True)
class Cluster:
    """The workers of one training.

    Attributes:
        hosts: host:port of every worker; the first is the chief, which writes the run directory.
        index: which of them this process is.
    """

    hosts: tuple[str, ...]
    index: int

    @property
    def is_chief(self) -> bool:
        """Whether this process writes the run directory."""
        return self.index == 0

    def tf_config(self) -> str:
        """The form in which TensorFlow takes it. Every worker is a "worker": the first of them acts as chief."""
        return json.dumps({"cluster": {"worker": self.hosts}, "task": {"type": "worker", "index": self.index}})


def find(config: DeviceConfig, environment: Mapping[str, str]) -> Cluster | None:
    """The cluster that is configured, or None where there is none or one machine only.

    Raises:
        UserError: when what is configured contradicts itself.
    """
    if config.worker_hosts:
        return _from_hosts(config, environment)
    if environment.get("TF_CONFIG"):
        return _from_tf_config(environment["TF_CONFIG"])
    if config.strategy == "multi_worker":
        raise ArgumentError(
            "strategy", "multi_worker", "name the workers by --worker_hosts=HOST:PORT,... or in TF_CONFIG"
        )
    return None


def _from_hosts(config: DeviceConfig, environment: Mapping[str, str]) -> Cluster | None:
    hosts = tuple(host.strip() for host in config.worker_hosts.split(","))
    bad = [host for host in hosts if not re.fullmatch(r"[^\s:]+:\d{1,5}", host)]
    if bad or len(set(hosts)) < len(hosts):
        raise ArgumentError("worker_hosts", config.worker_hosts, "write every worker once, as HOST:PORT,HOST:PORT,...")
    index = config.worker_index
    if index < 0:
        given = environment.get("JOB_COMPLETION_INDEX", "")
        if not given.isdigit():
            raise ArgumentError("worker_index", index, "say which of --worker_hosts this process is, from 0")
        index = int(given)
    if index >= len(hosts):
        raise ArgumentError("worker_index", index, f"there are {len(hosts)} workers, counted from 0")
    return Cluster(hosts, index) if len(hosts) > 1 else None


def _from_tf_config(text: str) -> Cluster | None:
    try:
        content = json.loads(text)
        members = {kind: tuple(hosts) for kind, hosts in content.get("cluster", {}).items()}
        task = content.get("task", {})
        kind, index = task.get("type", "worker"), int(task.get("index", 0))
    except (ValueError, TypeError, AttributeError) as error:
        raise UserError(f"TF_CONFIG: not a cluster description ({error}): {text[:80]}") from error
    unknown = sorted(set(members) - {"chief", "master", "worker"})
    if unknown:
        raise UserError(f"TF_CONFIG: tasks of type {unknown[0]} have no part in this training; use chief and worker")
    order = ("chief", "master", "worker")
    places = [(name, number) for name in order for number in range(len(members.get(name, ())))]
    if len(places) <= 1:
        return None
    if (kind, index) not in places:
        raise UserError(f"TF_CONFIG: this task, {kind} {index}, is not in its cluster")
    return Cluster(tuple(members[name][number] for name, number in places), places.index((kind, index)))
