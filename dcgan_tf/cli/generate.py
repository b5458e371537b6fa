"""Makes images with a trained run, or with an exported file.

  dcgan generate --run=runs/00000-mnist_28 --seeds=0-63 --out=grid.png       a grid
  dcgan generate --run=runs/00000-mnist_28 --num=10000 --out=images/         one PNG per seed
  dcgan generate --run=runs/00000-mnist_28 --num=10000 --out=all.npz         arrays "images" and "seeds"
  dcgan generate --run=runs/00001-mnist_28_by_class --class=3                one class, by name or number
  dcgan generate --model=digits.keras --seeds=17 --out=17.png                from a file that `dcgan export` wrote

Seed 17 gives the same image in every call: its latent vector depends on the number 17 alone. If a run was trained with
--conditional and no --class is given, the class of seed 17 is 17 modulo the number of classes.
"""

import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dcgan_tf import files, images, quiet, seeds
from dcgan_tf.cli import console, out_flag
from dcgan_tf.cli.flags import Flags
from dcgan_tf.errors import ArgumentError
from dcgan_tf.progress import Progress
from dcgan_tf.runs import RunDirectory

if TYPE_CHECKING:
    from dcgan_tf.exporting import ExportedGenerator
    from dcgan_tf.models import Generator

LARGEST_GRID = 10_000
GRID, SUFFIXES = "grid.png", (".png", ".npz")  # a picture of all, or arrays

FLAGS = Flags(__doc__)
FLAGS.text("run", None, "run directory")
FLAGS.text("model", None, "exported file in place of a run: a SavedModel folder, .keras, .tflite or .onnx file")
FLAGS.text("seeds", None, "seeds of the images: 17, 0-63, 3,14,15 or 0-9,20; default: 0-63")
FLAGS.whole("num", None, "number of images, in place of --seeds: those of the seeds 0, 1, 2, ...")
FLAGS.whole("seed", None, "the first seed, with --num")
FLAGS.hide("seed")  # how seeds were given before --seeds
FLAGS.text("class", None, "class of all images, by name or number, if the run was trained with --conditional")
FLAGS.text("out", None, out_flag.rule(SUFFIXES, "a PNG for each seed", GRID))
FLAGS.choice("weights", ("ema", "raw"), "moving average or last weights; default: the average if the run has one")
FLAGS.text("checkpoint", None, "latest (default), best (by the scores of the training evaluation), or a step")
FLAGS.switch("overwrite", False, "replace what is already at --out")


def main() -> None:
    """Checks the flags, loads the generator, writes."""
    _check_origin()
    wanted = _seeds()
    write, out = _writer(wanted)
    quiet.load_tensorflow()
    generator, origin = _generator()
    label = getattr(FLAGS, "class")
    if label is not None:
        generator.labels(np.zeros(1, np.int64), label)  # an unknown class is refused before anything is written
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        write(generator, _blocks(generator, wanted, label), wanted, out)
    except OSError as error:
        raise out_flag.cannot_write(out, error) from error
    console.logger().info("%d images of %s: %s", len(wanted), origin, out)


def _check_origin() -> None:
    if not FLAGS.run and not FLAGS.model:
        raise ArgumentError("run", "", "name the run directory (--run=runs/00000-mnist_28)")
    if FLAGS.model:
        for name in ("run", "weights", "checkpoint"):
            if getattr(FLAGS, name) is not None:
                raise ArgumentError(name, getattr(FLAGS, name), "an exported model (--model) holds one generator only")


def _seeds() -> Sequence[int]:
    if FLAGS.seeds is not None:
        if FLAGS.num is not None or FLAGS.seed is not None:
            raise ArgumentError("seeds", FLAGS.seeds, "give either --seeds or --num, not both")
        return seeds.parse(FLAGS.seeds)
    first, count = FLAGS.seed or 0, 64 if FLAGS.num is None else FLAGS.num
    if not 1 <= count <= seeds.MOST:
        raise ArgumentError("num", count, f"it must be from 1 to {seeds.MOST:,}")
    seeds.check([first], "seed")
    return range(first, first + count)


def _generator() -> "tuple[Generator | ExportedGenerator, str]":
    """The generator, and what to call it."""
    if FLAGS.model:
        from dcgan_tf import exporting

        return exporting.load(files.expanded(FLAGS.model)), FLAGS.model
    from dcgan_tf.models.trained import load_generator

    generator = load_generator(RunDirectory(FLAGS.run), FLAGS.checkpoint, FLAGS.weights)
    return generator, f"{FLAGS.run} at step {generator.step}"


def _blocks(generator: "Generator", wanted: Sequence[int], label: str | None) -> Iterator[np.ndarray]:
    with Progress(len(wanted), "images", "generating") as progress:
        for block in generator.blocks(wanted, label):
            yield block
            progress.advance(len(block))


def _writer(wanted: Sequence[int]) -> tuple[Callable, Path]:
    """The function that writes the kind of output that --out names, and where."""
    if out_flag.is_folder(FLAGS.out, SUFFIXES):
        out_flag.check_folder(FLAGS.out, wanted, FLAGS.overwrite)
        return _write_folder, files.expanded(FLAGS.out)
    out = out_flag.file(FLAGS.out, GRID, SUFFIXES, FLAGS.overwrite)
    if out.suffix.lower() == ".npz":
        return _write_arrays, out
    if len(wanted) > LARGEST_GRID:
        remedy = f"a grid holds at most {LARGEST_GRID:,} images; name a folder or an .npz with --out"
        raise ArgumentError("seeds" if FLAGS.seeds else "num", FLAGS.seeds or FLAGS.num, remedy)
    return _write_grid, out


def _write_grid(generator: "Generator", blocks: Iterator[np.ndarray], wanted: Sequence[int], out: Path) -> None:
    images.show(np.concatenate(list(blocks))).save(out)


def _write_arrays(generator: "Generator", blocks: Iterator[np.ndarray], wanted: Sequence[int], out: Path) -> None:
    """An .npz whose images are written as they come, so that any number fits into memory.

    A conditional generator's has "labels" as well: int32, the class of each image.
    """
    numbers = np.array(wanted, np.int64)
    header = {"descr": "|u1", "fortran_order": False, "shape": (len(wanted), *generator.image_shape)}
    with files.written_aside(out) as temporary, zipfile.ZipFile(temporary, "w", allowZip64=True) as archive:
        with archive.open("images.npy", "w", force_zip64=True) as stream:
            np.lib.format.write_array_header_1_0(stream, header)
            for block in blocks:
                stream.write(block.tobytes())
        arrays = {"seeds": numbers}
        if generator.conditional:
            arrays["labels"] = np.asarray(generator.labels(numbers, getattr(FLAGS, "class")))
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as stream:
                np.lib.format.write_array(stream, array)


def _write_folder(generator: "Generator", blocks: Iterator[np.ndarray], wanted: Sequence[int], out: Path) -> None:
    remaining = iter(wanted)
    with files.folder_filled_aside(out) as folder:
        for block in blocks:
            for pixels in block:
                images.to_pil(pixels).save(folder / images.file_name(next(remaining)), format="PNG")
