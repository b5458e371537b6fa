"""Makes images with a trained generator, or with an exported one.

  python generate.py --run=runs/00000-mnist_28 --num=64 --out=grid.png      a grid
  python generate.py --run=runs/00000-mnist_28 --num=10000 --out=images/    one PNG for each
  python generate.py --run=runs/00000-mnist_28 --num=10000 --out=all.npz    arrays "images" and "seeds"
  python generate.py --run=runs/00001-mnist_28_by_class --class=3           of one class, by its name or number
  python generate.py --model=digits.keras --seed=17 --num=1 --out=17.png    from a file that export.py has written

Image number 17 is the same image in every call: its latent vector is a function of the number 17 alone. Where a run was
trained with --conditional and no --class is given, its class is 17 modulo the number of classes.
"""

import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from dcgan_tf import files, images, runs
from dcgan_tf.cli import console
from dcgan_tf.cli.flags import Flags
from dcgan_tf.errors import ArgumentError
from dcgan_tf.export.opened import ExportedGenerator
from dcgan_tf.models.generator import Generator, class_number
from dcgan_tf.models.trained import load_generator
from dcgan_tf.progress import Progress

AnyGenerator = Generator | ExportedGenerator

LARGEST_GRID, MOST = 10_000, 100_000_000

FLAGS = Flags(__doc__)
FLAGS.text("run", None, "run directory to take the generator from")
FLAGS.text("model", None, "exported generator to take instead: a SavedModel folder, .keras, .tflite or .onnx file")
FLAGS.whole("num", 64, "number of images")
FLAGS.whole("seed", 0, "seed of the first image; the next ones count up")
FLAGS.text("class", None, "class of all images, by name or number, where the run was trained with --conditional")
FLAGS.text("out", "grid.png", "a .png for a grid, an .npz for arrays, or a folder for single PNG files")
FLAGS.choice("weights", ("ema", "raw"), "moving average or last weights; default: the average where the run has one")
FLAGS.text("checkpoint", None, "which one: latest (default), best (by the scores of the training), or a step")
FLAGS.switch("overwrite", False, "replace what is already at --out")


def main() -> None:
    """Checks what is asked for, loads, writes."""
    _check_flags()
    out = files.expanded(FLAGS.out)
    write = _writer(out)
    generator, class_names, origin = _open()
    label = _label(class_names)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        write(generator, label, out)
    except OSError as error:
        raise ArgumentError("out", FLAGS.out, f"cannot write there ({error.strerror or error})") from error
    last = FLAGS.seed + FLAGS.num - 1
    console.logger().info("images %d to %d of %s: %s", FLAGS.seed, last, origin, out)


def _open() -> tuple[AnyGenerator, Sequence[str], str]:
    """The generator, the names of its classes, and what to call it."""
    if FLAGS.model:
        exported = ExportedGenerator(files.expanded(FLAGS.model))
        return exported, exported.description.class_names, FLAGS.model
    run = runs.RunDirectory(FLAGS.run)
    trained = load_generator(run, FLAGS.checkpoint, FLAGS.weights)
    return trained, trained.class_names, f"{run.path} at step {trained.step}"


def _check_flags() -> None:
    if not FLAGS.run and not FLAGS.model:
        raise ArgumentError("run", "", "name the run directory to take the generator from (--run=runs/00000-mnist_28)")
    if FLAGS.model:
        for name in ("run", "weights", "checkpoint"):
            if getattr(FLAGS, name) is not None:
                raise ArgumentError(name, getattr(FLAGS, name), "an exported model (--model) holds one generator only")
    if not 1 <= FLAGS.num <= MOST:
        raise ArgumentError("num", FLAGS.num, f"it must be at least 1 and at most {MOST:,}")
    if not 0 <= FLAGS.seed <= 2**62:
        raise ArgumentError("seed", FLAGS.seed, "it must be from 0 to 2^62")


def _label(class_names: Sequence[str]) -> int | None:
    """The number of the class that was asked for."""
    given = getattr(FLAGS, "class")
    if given is None:
        return None
    if not class_names:
        raise ArgumentError("class", given, "this generator was trained without classes (train.py --conditional)")
    return class_number(given, class_names)


def _writer(out: Path):
    """The function that writes the kind of output that the name asks for."""
    if not FLAGS.out.endswith("/") and out.suffix.lower() in (".png", ".npz"):
        return _file_writer(out)
    if not FLAGS.out.endswith("/") and out.suffix and not out.is_dir():
        raise ArgumentError("out", FLAGS.out, "write a .png, an .npz, or a folder's name ending in /")
    if out.exists() and not out.is_dir():
        raise ArgumentError("out", FLAGS.out, "this is a file; name a folder, a .png or an .npz")
    there = {path.name for path in out.iterdir()} if out.is_dir() else set()
    clash = next((name for name in map(images.file_name, _seeds()) if name in there), None) if there else None
    if clash and not FLAGS.overwrite:
        raise ArgumentError("out", FLAGS.out, f"{clash} is there already; name another folder, or add --overwrite")
    return _write_folder


def _file_writer(out: Path):
    if out.is_dir():
        raise ArgumentError("out", FLAGS.out, "this is a folder; name a file, or end the name with /")
    if out.exists() and not FLAGS.overwrite:
        raise ArgumentError("out", FLAGS.out, "this file exists; name another, or add --overwrite")
    if out.suffix.lower() == ".npz":
        return _write_arrays
    if FLAGS.num > LARGEST_GRID:
        raise ArgumentError("num", FLAGS.num, f"a grid holds at most {LARGEST_GRID:,} images; use a folder or an .npz")
    return _write_grid


def _seeds() -> range:
    return range(FLAGS.seed, FLAGS.seed + FLAGS.num)


def _blocks(generator: AnyGenerator, label: int | None) -> Iterator[np.ndarray]:
    with Progress(FLAGS.num, "images", "generating") as progress:
        for block in generator.blocks(range(FLAGS.seed, FLAGS.seed + FLAGS.num), label):
            yield block
            progress.advance(len(block))


def _write_grid(generator: AnyGenerator, label: int | None, out: Path) -> None:
    images.write_png(out, images.magnified(images.grid(np.concatenate(list(_blocks(generator, label))))))


def _write_arrays(generator: AnyGenerator, label: int | None, out: Path) -> None:
    """An .npz whose images are written as they come, so that any number fits into memory.

    A conditional generator's has "labels" as well: int32, the number of each image's class.
    """
    header = {"descr": "|u1", "fortran_order": False, "shape": (FLAGS.num, *generator.image_shape)}
    with files.written_aside(out) as temporary, zipfile.ZipFile(temporary, "w", allowZip64=True) as archive:
        with archive.open("images.npy", "w", force_zip64=True) as stream:
            np.lib.format.write_array_header_1_0(stream, header)
            for block in _blocks(generator, label):
                stream.write(block.tobytes())
        with archive.open("seeds.npy", "w", force_zip64=True) as stream:
            np.lib.format.write_array(stream, np.array(_seeds(), np.int64))
        if generator.conditional:
            with archive.open("labels.npy", "w", force_zip64=True) as stream:
                np.lib.format.write_array(stream, generator.labels(np.array(_seeds(), np.int64), label).numpy())


def _write_folder(generator: AnyGenerator, label: int | None, out: Path) -> None:
    out.mkdir(exist_ok=True)
    seeds = iter(_seeds())
    for block in _blocks(generator, label):
        for pixels in block:
            images.write_png(out / images.file_name(next(seeds)), pixels)
