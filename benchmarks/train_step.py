"""Measures training images per second and memory, beside PyTorch and beside the machine's own limit.

  python -m benchmarks.train_step --preset=torch_64
  python -m benchmarks.train_step --preset=torch_64 --bfloat16        also both in bfloat16
  python -m benchmarks.train_step --preset=torch_64 --end_to_end=200  also a whole training by train.py

Every row is a process of its own; in each round each has one turn while the others rest. Ratios are taken within a
round. On a busy machine not even they hold. Any setting of train.py can be given as well.
"""

import importlib.util
import statistics
import sys

from benchmarks import end_to_end
from benchmarks.workers import Turn, Worker, check_flags, machine, markdown, spread
from dcgan_tf import presets
from dcgan_tf.cli import console
from dcgan_tf.cli.flags import Flags
from dcgan_tf.config import Config
from dcgan_tf.errors import UserError

BASELINE, LIMIT = "PyTorch eager float32", "matrix product"
TARGET_SHARE = 0.95
MEGA, GIGA = 1e6, 1e9

FLAGS = Flags(__doc__)
FLAGS.choice("preset", tuple(presets.PRESETS), "named configuration", default="torch_64")
FLAGS.switch("torch", True, "measure PyTorch as well, where it is installed")
FLAGS.switch("bfloat16", False, "also measure our step in mixed_bfloat16, and PyTorch under bfloat16 autocast")
FLAGS.whole("rounds", 5, "turns of each row")
FLAGS.number("seconds", 10.0, "about how long a turn lasts; at least one step")
FLAGS.whole("end_to_end", None, "also train so many steps with train.py, on noise or on --dataset")
FLAGS.settings()


def main() -> None:
    """Starts the processes, gives them their turns, prints the table."""
    settings = FLAGS.given_settings()
    config = presets.PRESETS[FLAGS.preset].with_settings(settings)
    check_flags(FLAGS, "rounds")
    if FLAGS.end_to_end is not None:
        end_to_end.check(FLAGS.end_to_end, config)
    print(f"preset {FLAGS.preset}, batch {config.training.batch_size}, update {config.training.update}")
    print(machine(), flush=True)
    workers: list[Worker] = []
    try:
        for name, module, arguments in _rows(config):
            console.logger().info("starting: %s", name)
            workers.append(Worker(name, module, **arguments))
        _check_same_networks(workers)
        turns = _rounds(workers)
        _report(workers, turns)
        if FLAGS.end_to_end is not None:
            _end_to_end(workers[0], settings, config)
    finally:
        for worker in workers:
            worker.end()


def _rows(config: Config) -> list[tuple[str, str, dict]]:
    """Name, module and arguments of each process; ours comes first, the matrix product last."""
    ours, pytorch = "benchmarks.our_step", "benchmarks.torch_step"
    half = config.with_settings({"precision": "mixed_bfloat16"})
    rows = [(f"dcgan_tf {config.training.precision}", ours, {"config": config})]
    if FLAGS.bfloat16 and config != half:
        rows.append(("dcgan_tf mixed_bfloat16", ours, {"config": half}))
    if _torch_wanted(config):
        kinds = [(BASELINE, False, False), (f"{BASELINE}, channels_last", True, False)]
        if FLAGS.bfloat16:
            kinds.append(("PyTorch eager bfloat16 autocast, channels_last", True, True))
        for name, channels_last, bfloat16 in kinds:
            rows.append((name, pytorch, {"config": config, "channels_last": channels_last, "bfloat16": bfloat16}))
    return [*rows, (LIMIT, "benchmarks.matrix_product", {})]


def _torch_wanted(config: Config) -> bool:
    if FLAGS.torch and (config.model.conditional or config.model.hidden_units or config.model.output != "tanh"):
        print("the PyTorch networks here have no classes, hidden layers or sigmoid, so only our own rows are measured")
        return False
    if FLAGS.torch and importlib.util.find_spec("torch") is None:
        print("PyTorch is not installed, so only our own rows are measured; to compare: pip install torch==2.13.0")
        return False
    return FLAGS.torch


def _check_same_networks(workers: list[Worker]) -> None:
    """A comparison of different networks would be none."""
    counts = {worker.name: worker.facts["parameters"] for worker in workers if "parameters" in worker.facts}
    if len(set(counts.values())) > 1:
        raise UserError(f"the networks differ in their parameters (generator, discriminator): {counts}")


def _rounds(workers: list[Worker]) -> list[dict[str, Turn]]:
    """One turn of each worker per round, by name."""
    rounds = []
    for number in range(1, FLAGS.rounds + 1):
        turns = {worker.name: worker.turn(FLAGS.seconds) for worker in workers}
        shown = ", ".join(f"{name} {turn.rate:,.1f}" for name, turn in turns.items())
        console.logger().info("round %d of %d: %s", number, FLAGS.rounds, shown)
        rounds.append(turns)
    return rounds


def _report(workers: list[Worker], rounds: list[dict[str, Turn]]) -> None:
    ours = workers[0].facts
    for version in dict.fromkeys(f"{w.facts['version']}, {w.facts['device']}" for w in workers if "version" in w.facts):
        print(version)
    generator, discriminator = ours["parameters"]
    print(f"parameters, the same in every row: generator {generator:,}, discriminator {discriminator:,}")
    head = ("step", "images/s", f"ratio to {BASELINE}", "GMAC/image", "share of matrix product", "peak memory")
    table = [_table_row(worker, rounds, ours) for worker in workers if worker.name != LIMIT]
    limit = [2 * turns[LIMIT].rate for turns in rounds]
    print(f"\n{markdown([head, *table])}\n")
    print(f"medians over {len(rounds)} rounds, lowest and highest in brackets; ratios and shares within each round")
    print(f"matrix product, float32, 2048^3, TensorFlow: {spread(limit)} GFLOP/s (one multiply-add is two operations)")


def _table_row(worker: Worker, rounds: list[dict[str, Turn]], ours: dict) -> tuple[str, ...]:
    macs = ours["macs_pytorch" if worker.name.startswith("PyTorch") else "macs"] / GIGA
    turns = [turns[worker.name] for turns in rounds]
    rates = [turn.rate for turn in turns]
    shares = [100 * turn.rate * macs / every[LIMIT].rate for turn, every in zip(turns, rounds, strict=True)]
    ratio = "-"
    if BASELINE in rounds[0]:
        ratio = spread([turn.rate / every[BASELINE].rate for turn, every in zip(turns, rounds, strict=True)], ".2f")
    peak = f"{turns[-1].peak_bytes / MEGA:,.0f} MB"
    return worker.name, spread(rates, ",.1f"), ratio, f"{macs:.3g}", spread(shares, ".1f", "%"), peak


def _end_to_end(worker: Worker, settings: dict, config: Config) -> None:
    """The bare step before and after a whole training, so that a drift of the machine falls out."""
    before = [worker.turn(FLAGS.seconds).rate for _ in range(2)]
    console.logger().info("training %d steps with train.py", FLAGS.end_to_end)
    speeds = end_to_end.train(FLAGS.preset, settings, config, FLAGS.end_to_end)
    after = [worker.turn(FLAGS.seconds).rate for _ in range(2)]
    bare = statistics.mean(before + after)
    rates = {
        "bare step, before and after": bare,
        "steps and waiting for data (metrics.jsonl)": speeds.in_steps,
        "overall: samples, checkpoints and pictures too": speeds.overall,
        "with building and tracing too (its last line)": speeds.with_start,
    }
    head = ("train.py", "images/s", "share of the bare step")
    rows = [head, *((name, f"{rate:,.1f}", f"{rate / bare:.1%}") for name, rate in rates.items())]
    verdict = "reached" if speeds.overall >= TARGET_SHARE * bare else "MISSED"
    print(f"\n{markdown(rows)}\n")
    print(f"{speeds.steps} steps after the first row; waiting for data {speeds.waiting:.1%} of the steps' time")
    print(f"bare step: {before[0]:,.1f} and {before[1]:,.1f} before, {after[0]:,.1f} and {after[1]:,.1f} after")
    print(f"overall {speeds.overall / bare:.1%} of the bare step, target {TARGET_SHARE:.0%}: {verdict}")


if __name__ == "__main__":
    sys.exit(console.execute(main, FLAGS, sys.argv))
