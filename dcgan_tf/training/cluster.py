"""Which machines train together: from TF_CONFIG, or from the settings `worker_hosts` and `worker_index`.

Kubeflow's TFJob sets TF_CONFIG. A plain Kubernetes Job sets JOB_COMPLETION_INDEX, which stands in for `worker_index`.
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
        index: the position of this process among them.
    """

    hosts: tuple[str, ...]
    index: int

    @property
    def is_chief(self) -> bool:
        """Whether this process writes the run directory."""
        return self.index == 0

    def name(self, index: int) -> str:
        """How messages name a worker."""
        return f"worker {index} ({self.hosts[index]})" if index < len(self.hosts) else f"worker {index}"

    def address(self, index: int) -> tuple[str, int]:
        """The host and the port of a worker."""
        host, port = self.hosts[index].rsplit(":", 1)
        return host.strip("[]"), int(port)  # IPv6 stands in brackets

    def tf_config(self) -> str:
        """The value of TF_CONFIG for TensorFlow. Every task is a "worker"; the first of them acts as chief."""
        return json.dumps({"cluster": {"worker": self.hosts}, "task": {"type": "worker", "index": self.index}})


def find(config: DeviceConfig, environment: Mapping[str, str]) -> Cluster | None:
    """The configured cluster; None for a single machine.

    Args:
        config: the devices' section of a configuration.
        environment: environment variables.

    Raises:
        UserError: the configuration is incomplete or contradicts itself.
    """
    if config.worker_hosts:
        return _from_hosts(config, environment)
    if environment.get("TF_CONFIG"):
        return _from_tf_config(environment["TF_CONFIG"])
    if config.strategy == "multi_worker":
        remedy = "name the workers, in `worker_hosts=HOST:PORT,...` or in TF_CONFIG"
        raise ArgumentError("strategy", "multi_worker", remedy)
    return None


def _from_hosts(config: DeviceConfig, environment: Mapping[str, str]) -> Cluster | None:
    hosts = tuple(host.strip() for host in config.worker_hosts.split(","))
    if not all(map(_is_address, hosts)) or len(set(hosts)) < len(hosts):
        raise ArgumentError("worker_hosts", config.worker_hosts, "list every worker once, as HOST:PORT,HOST:PORT,...")
    index = config.worker_index
    if index < 0:
        job_index = environment.get("JOB_COMPLETION_INDEX", "")
        if not job_index.isdigit():
            remedy = "give the position of this process in `worker_hosts`, counted from 0"
            raise ArgumentError("worker_index", index, remedy)
        index = int(job_index)
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
        raise UserError(f"TF_CONFIG: not the description of a cluster ({error}): {text[:80]}") from error
    kinds = ("chief", "master", "worker")
    if unknown := sorted(set(members) - set(kinds)):
        raise UserError(f"TF_CONFIG: tasks of type {unknown[0]} are not supported; use chief and worker")
    places = [(name, number) for name in kinds for number in range(len(members.get(name, ())))]
    if len(places) <= 1:
        return None
    if (kind, index) not in places:
        raise UserError(f"TF_CONFIG: its task, {kind} {index}, is not in its cluster")
    hosts = tuple(members[name][number] for name, number in places)
    if bad := [host for host in hosts if not _is_address(host)]:
        raise UserError(f"TF_CONFIG: {bad[0]!r} is not HOST:PORT")
    return Cluster(hosts, places.index((kind, index)))


def _is_address(host: object) -> bool:
    found = re.fullmatch(r"(?:\[\S+\]|[^\s:]+):(\d{1,5})", str(host))
    return found is not None and 0 < int(found[1]) < 65536
