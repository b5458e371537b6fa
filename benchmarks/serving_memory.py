"""Measures how much memory a server takes for requests of several sizes, to set the limits of containers by.

  python -m benchmarks.serving_memory --preset=photos_64 --image_size=256x256
  python -m benchmarks.serving_memory --saved_model=runs/00000-mnist_28/export/saved_model/mnist/1

Each number is the peak resident memory, in MiB, of a process of its own that loads the SavedModel through TensorFlow
1's loader, as TF Serving does, and is asked by one or several threads at once. Other programs hardly disturb it. With
--preset, the generator is untrained, and any setting of `dcgan train` works too.
"""

import json
import multiprocessing
import os
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.workers import machine, markdown, peak_bytes
from dcgan_tf import presets, quiet
from dcgan_tf.cli import console
from dcgan_tf.cli.flags import Flags
from dcgan_tf.config import ModelConfig
from dcgan_tf.errors import ArgumentError
from dcgan_tf.exporting import reader
from dcgan_tf.exporting.description import KEY, Description

OUTPUTS = {"serving_default": "images", "generate": "images", "generate_png": "png_bytes"}
AT_ONCE = (2, 4)

FLAGS = Flags(__doc__)
FLAGS.choice("preset", tuple(presets.PRESETS), "named configuration, untrained; default: photos_64")
FLAGS.text("saved_model", None, "the folder of an exported version, in place of a preset")
FLAGS.settings()


def main() -> None:
    """Measures and prints the table."""
    settings = FLAGS.given_settings()
    if FLAGS.saved_model and (FLAGS.preset or settings):
        raise ArgumentError("saved_model", FLAGS.saved_model, "give no preset and no settings with it")
    with tempfile.TemporaryDirectory(prefix="dcgan_tf-benchmark-") as folder:
        path = FLAGS.saved_model
        if not path:
            path = f"{folder}/1"
            apart(_export, presets.PRESETS[FLAGS.preset or "photos_64"].with_settings(settings).model, path)
        facts = Description.from_dict(json.loads((Path(path) / "assets.extra" / f"{KEY}.json").read_text("utf-8")))
        print(f"images of {facts.height}x{facts.width}x{facts.channels}, {machine()}", flush=True)
        rows = table(path, {signature: facts.largest_requests[signature] for signature in OUTPUTS})
    print(f"\n{markdown(rows)}\n\npeak memory of a process in MiB; without a request, TensorFlow and the model")


def table(path: str, largest: dict[str, int]) -> list[tuple[str, ...]]:
    """A row for each signature and its largest request, below a head."""
    alone = apart(peak, path, "generate_png", 0, 1)
    rows = [("signature", "nothing", "1 image", "largest request", *(f"{times} of it at once" for times in AT_ONCE))]
    for signature, most in largest.items():
        asked = [(1, 1), (most, 1), *((most, times) for times in AT_ONCE)]
        peaks = [alone, *(apart(peak, path, signature, count, times) for count, times in asked)]
        rows.append((f"`{signature}`, {most:,} images", *(f"{each / 2**20:,.0f}" for each in peaks)))
    return rows


def apart(function: Callable, *arguments: Any) -> Any:
    """The result of a function, called in a process of its own."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        return process.submit(function, *arguments).result()


def peak(path: str, signature: str, count: int, at_once: int) -> int:
    """Bytes that this process has held at most once it has answered."""
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    with quiet.quiet_stderr():
        ask, graph = reader.open_saved_model_v1(path)
    request = {}
    for name, spec in graph.signature_def[signature].inputs.items():
        sides = [count, *(dim.size for dim in spec.tensor_shape.dim[1:])]
        request[name] = (
            np.random.default_rng(0).normal(size=sides).astype(np.float32) if name == "z" else np.zeros(sides)
        )
    with ThreadPoolExecutor(at_once) as threads:
        answers = [
            threads.submit(ask, signature, OUTPUTS[signature], **request) for _ in range(at_once if count else 0)
        ]
        done = [answer.result() for answer in answers]  # kept, as until they are sent
    assert all(len(images) == count for images in done)
    return peak_bytes()


def _export(config: ModelConfig, path: str) -> None:
    with quiet.quiet_stderr():
        from dcgan_tf.exporting import saved_model
        from dcgan_tf.models import Generator

        generator = Generator(config)
        saved_model.write(generator, Description.of(generator, "generator"), Path(path))


if __name__ == "__main__":
    sys.exit(console.execute(main, FLAGS, sys.argv))
