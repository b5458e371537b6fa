"""A step gives the same bits however busy the processor is: no sum in its graph has an order that threads decide."""

import ctypes
import json
import os
import random
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.framework.config import disable_op_determinism

from dcgan_tf import presets
from dcgan_tf.runs import RunDirectory
from dcgan_tf.training.step import fixed_order_of_sums
from tests import processes
from tests.processes import ROOT
from tests.training import graphs

TINY = presets.PRESETS["tiny"]
BY_CLASS = {"conditional": True, "classes": 3}
SETTINGS = {
    "simultaneous": {"l2": 1e-2},
    "algorithm1 by class": {"update": "algorithm1", "d_steps": 2, "l2": 1e-2, **BY_CLASS},
    "bfloat16": {"precision": "mixed_bfloat16", "l2": 1e-2, "ema_decay": 0.9, **BY_CLASS},
    "float16": {"precision": "mixed_float16", "loss": "lsgan", "update": "algorithm1", "l2": 1e-2},
    "other layers": {
        "layers_per_scale": 2,
        "hidden_units": 8,
        "head": "average",
        "use_bias": True,
        "output": "sigmoid",
    },
    "stable": {
        "loss": "hinge",
        "d_norm": "spectral",
        "discriminator_layers": 2,
        "r1": 10.0,
        "r1_every": 2,
        "augment": "color,translation,cutout",
        "conditioning": "projection",
        **BY_CLASS,
    },
    "other norms": {"projection": "unit_norm", "norm_affine": False, "decay_steps": 100, "label_smoothing": 0.1},
}
IN_EVERY_SUITE = ("simultaneous", "algorithm1 by class")


@pytest.fixture
def deterministic():
    """TensorFlow computes deterministically, as with `deterministic`; only a private function undoes it."""
    tf.config.experimental.enable_op_determinism()
    yield
    disable_op_determinism()


@pytest.mark.full
@pytest.mark.parametrize(
    "settings",
    [
        pytest.param(settings, id=name, marks=() if name in IN_EVERY_SUITE else pytest.mark.slow)
        for name, settings in SETTINGS.items()
    ],
)
def test_no_sum_of_a_step_races_and_deterministic_kernels_give_the_same_bits(settings, deterministic):
    config = TINY.with_settings({"steps": 5, **settings})
    nodes, values = graphs.racing_nodes(config)
    assert nodes == []
    disable_op_determinism()
    nodes, others = graphs.racing_nodes(config)
    assert nodes == []
    for name in values.keys() - {"seconds_waiting"}:
        assert np.array_equal(values[name], others[name]), name


@pytest.mark.slow
def test_no_sum_of_a_step_races_on_three_devices():
    """Two steps of different shapes in one process: collective operations have numbers that may not be used twice."""
    settings = [json.dumps({"l2": 1e-2, **more}) for more in ({}, {"base_filters": 4})]
    command = [sys.executable, "-m", "tests.training.graphs", "3", *settings]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, ended.stderr
    assert [json.loads(line) for line in ended.stdout.splitlines()] == [[], []]


@pytest.mark.full
def test_a_deterministic_run_stays_so_when_it_is_continued(script, trained_run, tmp_path, deterministic):
    """TensorFlow does not tell the time then, so rows lack the time spent waiting; all else is as in any run."""
    run = RunDirectory(tmp_path / trained_run.name)
    for steps in (6, 10):
        flags = ("--preset=tiny", "--deterministic") if steps == 6 else ()
        assert script("train", *flags, f"--run={run.path}", f"--steps={steps}").code == 0
        assert run.read_config()[0].device.deterministic
        assert not any("waiting" in row for row in run.metrics_file.read_text().splitlines())
    processes.assert_bit_equal(trained_run, run.path)


def test_a_sum_of_three_is_found():
    """The list is empty because there is none, not because nothing is found."""

    @tf.function
    def of_three(x):
        return tf.add_n([x, x * 2.0, x * 3.0])

    nodes = of_three.get_concrete_function(tf.TensorSpec([2])).graph.as_graph_def().node
    assert any(graphs.races(node) for node in nodes)


def test_the_optimization_is_as_it_was_after_the_block():
    name = "arithmetic_optimization"
    for before in (True, False, True):
        tf.config.optimizer.set_experimental_options({name: before})
        with fixed_order_of_sums():
            assert tf.config.optimizer.get_experimental_options()[name] is False
        assert tf.config.optimizer.get_experimental_options()[name] is before


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="threads are stalled with Linux's signals")
@pytest.mark.parametrize("settings", list(SETTINGS.values())[:4], ids=list(SETTINGS)[:4])
def test_stalled_threads_do_not_change_a_bit(settings):
    """The same 40 steps again and again; DCGAN_TF_REPETITIONS says how often."""
    train_steps, new_iterator, state = graphs.step_of_a_run(TINY.with_settings(settings))
    initial = {name: variable.numpy() for name, variable in state.variables().items()}

    def ended() -> dict[str, np.ndarray]:
        for name, variable in state.variables().items():
            variable.assign(initial[name])
        train_steps(new_iterator(), tf.constant(40, tf.int64))
        return {name: variable.numpy() for name, variable in state.variables().items()}

    with fixed_order_of_sums():
        undisturbed = ended()
        with stalled_threads():
            for repetition in range(int(os.environ.get("DCGAN_TF_REPETITIONS", "50"))):
                for name, array in ended().items():
                    assert np.array_equal(array, undisturbed[name]), f"{name}, repetition {repetition}"


@contextmanager
def stalled_threads():
    """Stops threads of this process for 0.1 to 2 ms, at whatever they are doing, thousands of times in a second.

    A signal's handler runs in the thread that the signal is sent to. Here it is `usleep`, called with the signal's
    number.
    """
    libc, number, stop = ctypes.CDLL(None), 64, threading.Event()
    libc.signal.argtypes = [ctypes.c_int, ctypes.c_void_p]
    libc.signal(number, ctypes.cast(libc.usleep, ctypes.c_void_p))

    def stall() -> None:
        own, chance = threading.get_native_id(), random.Random(0)
        while not stop.is_set():
            threads = [int(name) for name in os.listdir("/proc/self/task") if int(name) != own]  # noqa: PTH208
            for _ in range(20):
                thread = chance.choice(threads)
                for _ in range(chance.choice([1, 3, 10])):
                    libc.tgkill(os.getpid(), thread, number)
                time.sleep(chance.random() * 6e-4)

    stalling = threading.Thread(target=stall)
    stalling.start()
    try:
        yield
    finally:
        stop.set()
        stalling.join()
