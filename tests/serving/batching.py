"""An imitation of TF Serving's --enable_batching, after batching_session.cc and shared_batch_scheduler.h."""

import itertools
import threading
from dataclasses import dataclass, field

import numpy as np

from tests.serving.request_json import RequestError

_OTHER_COUNT = "Batched output tensor's 0th dimension does not equal the sum of the 0th dimension sizes of the input"


@dataclass
class _Task:
    inputs: dict[str, np.ndarray]
    size: int
    done: threading.Event = field(default_factory=threading.Event)
    output: list = field(default_factory=list)
    error: RequestError | None = None


class Batching:
    """Merges requests for the same signature, runs the model once for each batch, and splits its answers.

    A server runs a batch after some time. So that tests need no clock, this one waits for a number of requests.

    Args:
        model: with `inputs` and `run`, as a `stand_in.SavedModel`.
        waiting: how many requests of a signature are collected before their batches run.
        max_batch_size: rows of a batch, and of a request; by default that of the server.

    Attributes:
        batches: the rows of each batch so far.
    """

    def __init__(self, model, waiting: int, max_batch_size: int = 1000):
        self.inputs, self._model = model.inputs, model
        self._waiting, self._largest = waiting, max_batch_size
        self._lock, self._queues = threading.Lock(), {name: [] for name in model.inputs}
        self.batches: list[int] = []

    def run(self, signature: str, inputs: dict[str, np.ndarray]) -> list:
        """The only output of a signature."""
        task = _Task(inputs, len(next(iter(inputs.values()))))
        with self._lock:
            queue = self._queues[signature]
            queue.append(task)
            if len(queue) == self._waiting:
                for batch in self._formed(queue):
                    self._process(signature, batch)
                queue.clear()
        assert task.done.wait(60), "too few requests came"
        if task.error:
            raise task.error
        return task.output

    def _formed(self, tasks: list[_Task]) -> list[list[_Task]]:
        """Tasks in the order in which they came; one that does not fit into the open batch begins the next."""
        batches: list[list[_Task]] = [[]]
        for task in tasks:
            if sum(each.size for each in batches[-1]) + task.size > self._largest:
                batches.append([])
            batches[-1].append(task)
        return batches

    def _process(self, signature: str, batch: list[_Task]) -> None:
        try:
            outputs = self._model.run(signature, self._merged(batch))
            if len(outputs) != sum(task.size for task in batch):
                raise RequestError(400, _OTHER_COUNT)
            ends = list(itertools.accumulate(task.size for task in batch))
            for task, end in zip(batch, ends, strict=True):
                task.output = outputs[end - task.size : end]
        except RequestError as error:  # of all of them, whoever is at fault
            for task in batch:
                task.error = error
        for task in batch:
            task.done.set()

    def _merged(self, batch: list[_Task]) -> dict[str, np.ndarray]:
        self.batches.append(sum(task.size for task in batch))
        return {name: np.concatenate([task.inputs[name] for task in batch]) for name in batch[0].inputs}
