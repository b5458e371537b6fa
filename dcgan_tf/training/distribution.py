"""Devices: the only module that names a `tf.distribute` strategy."""

import contextlib
import functools
import logging
import os
from collections.abc import Callable, Iterator, Mapping

import tensorflow as tf

from dcgan_tf import runs
from dcgan_tf.config import DeviceConfig, TrainingConfig
from dcgan_tf.errors import ArgumentError, UserError
from dcgan_tf.training import cluster, rendezvous

log = logging.getLogger(__name__)

_LOST = (
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
    tf.errors.InternalError,
)


def make_strategy(config: DeviceConfig) -> tf.distribute.Strategy:
    """The strategy for the configured devices.

    Several CPU devices, and memory growth on GPUs, can be set only before TensorFlow computes anything.

    Raises:
        UserError: the devices or workers are not available.
    """
    if config.deterministic:
        tf.config.experimental.enable_op_determinism()
    for gpu in tf.config.list_physical_devices("GPU"):
        with contextlib.suppress(RuntimeError):  # TensorFlow computes already, as in a notebook
            tf.config.experimental.set_memory_growth(gpu, True)  # leaves memory to a second program that generates
    if found := workers(config):
        return _multi_worker(found)
    names = _device_names(config)
    if config.strategy == "mirrored" or len(names) > 1:
        return _mirrored(tuple(names))
    return tf.distribute.OneDeviceStrategy(names[0])


@functools.cache
def _mirrored(names: tuple[str, ...]) -> tf.distribute.Strategy:
    """One in each process: another would number its collective operations from the start again, and TensorFlow refuses
    one that has the number of an earlier operation and another shape."""
    return tf.distribute.MirroredStrategy(names)


def workers(config: DeviceConfig) -> cluster.Cluster | None:
    """The workers that train together; None for a single one.

    Raises:
        UserError: the configuration is incomplete or contradicts itself.
    """
    found = cluster.find(config, os.environ)
    if config.strategy == "multi_worker" and not found:
        raise ArgumentError("strategy", "multi_worker", "there is only one worker; use `strategy=auto`")
    return found if config.strategy in ("auto", "multi_worker") else None


def meet(among: cluster.Cluster, shared: Mapping[str, str], timeout: float) -> None:
    """Waits until all workers are there and agree, on versions and devices as well; see `rendezvous.meet`."""
    versions = {name: f"{name} {version}" for name, version in runs.versions().items()}
    devices = {"GPUs": f"{len(tf.config.list_physical_devices('GPU'))} GPUs"}
    rendezvous.meet(among, {**versions, **devices, **shared}, timeout)


def _device_names(config: DeviceConfig) -> list[str]:
    kind = "GPU" if tf.config.list_physical_devices("GPU") else "CPU"
    physical = tf.config.list_physical_devices(kind)
    count = config.devices or (len(physical) if kind == "GPU" else 1)
    if config.strategy == "one_device":
        if config.devices > 1:
            raise ArgumentError("devices", count, "`strategy=one_device` takes one; use `strategy=mirrored`")
        count = 1
    if kind == "GPU" and count > len(physical):
        raise ArgumentError("devices", count, f"this machine has {len(physical)} GPUs")
    if kind == "CPU" and count > 1:
        with contextlib.suppress(RuntimeError):  # TensorFlow computes already; the devices may be there all the same
            parts = [tf.config.LogicalDeviceConfiguration()] * count
            tf.config.set_logical_device_configuration(physical[0], parts)
    names = [device.name for device in tf.config.list_logical_devices(kind)[:count]]
    if len(names) < count:
        remedy = "the CPU can be divided only before TensorFlow computes anything; use a new process"
        raise ArgumentError("devices", count, remedy)
    return names


def _multi_worker(among: cluster.Cluster) -> tf.distribute.Strategy:
    os.environ["TF_CONFIG"] = among.tf_config()
    resolver = tf.distribute.cluster_resolver.TFConfigClusterResolver()
    try:
        return tf.distribute.MultiWorkerMirroredStrategy(cluster_resolver=resolver)
    except (tf.errors.OpError, RuntimeError) as error:
        reason = str(error).splitlines()[0][:200]
        raise UserError(f"{among.name(among.index)} cannot join the others ({reason})") from error


def clock() -> Callable[[], tf.Tensor]:
    """What tells the time in a graph, in seconds; NaN where TensorFlow computes deterministically and refuses to."""
    try:
        tf.timestamp()
        return tf.timestamp
    except tf.errors.FailedPreconditionError:
        return lambda: tf.constant(float("nan"), tf.float64)


def worker_count(strategy: tf.distribute.Strategy) -> int:
    """The number of processes that train together."""
    resolver = strategy.cluster_resolver
    return len(resolver.cluster_spec().as_dict().get("worker", ())) or 1 if resolver else 1


def is_chief(strategy: tf.distribute.Strategy) -> bool:
    """Whether this process writes the run directory: the only one, or the first worker."""
    return worker_count(strategy) == 1 or strategy.cluster_resolver.task_id == 0


@contextlib.contextmanager
def lost_worker_explained(strategy: tf.distribute.Strategy) -> Iterator[None]:
    """Turns what TensorFlow raises when another worker is gone, or computes something else, into one line."""
    try:
        yield
    except tf.errors.OpError as error:
        if worker_count(strategy) == 1 or isinstance(error, tf.errors.ResourceExhaustedError):
            raise
        log.debug("where it happened", exc_info=True)
        what = "lost another worker" if isinstance(error, _LOST) else "the workers cannot train together"
        raise UserError(
            f"{what} ({_reason(error)}); start the same command on every worker again, and training continues from the "
            "latest checkpoint"
        ) from error


def _reason(error: tf.errors.OpError) -> str:
    """The first line of an error that does not say where in the graph it came up."""
    place = ("Graph execution error", "Detected at node", "File ")
    lines = [line.strip() for line in error.message.splitlines()]
    return next((line for line in lines if line and not line.startswith(place)), type(error).__name__)[:160]


def replica_batch(strategy: tf.distribute.Strategy, batch_size: int) -> int:
    """Images per replica and update.

    Raises:
        ArgumentError: the global batch cannot be divided evenly; the message names the nearest size that can.
    """
    replicas = strategy.num_replicas_in_sync
    if batch_size % replicas:
        nearest = max(1, round(batch_size / replicas)) * replicas
        raise ArgumentError("batch_size", batch_size, f"it must divide by {replicas} devices; the nearest is {nearest}")
    return batch_size // replicas


def check(strategy: tf.distribute.Strategy, config: TrainingConfig) -> None:
    """Raises ArgumentError if these devices cannot train with these settings."""
    replica_batch(strategy, config.batch_size)
    if config.jit and strategy.num_replicas_in_sync > 1:
        remedy = "XLA compiles the step for one device only; use `strategy=one_device` or `jit=False`"
        raise ArgumentError("jit", True, remedy)


def distribute(
    strategy: tf.distribute.Strategy, parts_of_batches: Callable[[int, list[int]], tf.data.Dataset]
) -> tf.distribute.DistributedDataset:
    """Gives every replica its part of each global batch.

    Args:
        strategy: the devices.
        parts_of_batches: makes the sequence of some parts of the batches, from the number of parts in a batch and the
            parts that this worker reads; see `data.batches`.
    """

    def of_worker(context: tf.distribute.InputContext) -> tf.data.Dataset:
        replicas = context.num_replicas_in_sync
        local = replicas // context.num_input_pipelines
        first = context.input_pipeline_id * local
        return parts_of_batches(replicas, list(range(first, first + local)))

    return strategy.distribute_datasets_from_function(of_worker)


def require_agreement(strategy: tf.distribute.Strategy, values: dict[str, int]) -> None:
    """Checks that all workers hold the same numbers.

    Args:
        strategy: the devices.
        values: int64 each, by what they stand for.

    Raises:
        UserError: a value differs; the message names the first one, and the first worker that has another.
    """
    if (count := worker_count(strategy)) == 1:
        return
    gathered, hosts = _gather(strategy), strategy.cluster_resolver.cluster_spec().as_dict()["worker"]
    for name, value in values.items():
        found = gathered(value)  # of all replicas, which are in the order of their workers
        if others := [place * count // len(found) for place, other in enumerate(found) if other != found[0]]:
            raise UserError(
                f"{cluster.Cluster(tuple(hosts), 0).name(others[0])} and the first worker do not agree on {name}; give "
                "all workers the same data and run directory"
            )


def max_over_workers(strategy: tf.distribute.Strategy) -> Callable[[int], int]:
    """A function from this worker's number to the maximum over all workers, who must call it together."""
    if worker_count(strategy) == 1:
        return lambda value: value
    gathered = _gather(strategy)
    return lambda value: max(gathered(value))


def _gather(strategy: tf.distribute.Strategy) -> Callable[[int], list[int]]:
    """A function from this worker's number to the numbers of all replicas."""

    @tf.function
    def of_replica(value: tf.Tensor) -> tf.Tensor:
        return tf.distribute.get_replica_context().all_gather(value[None], axis=0)

    def gathered(value: int) -> list[int]:
        results = strategy.run(of_replica, args=(tf.constant(value, tf.int64),))
        return strategy.experimental_local_results(results)[0].numpy().tolist()

    return gathered
