"""Asks a served generator for images.

  python -m dcgan_tf.serving.client --url=http://localhost:8501 --model=mnist --seeds=0-63 --out=grid.png
  python -m dcgan_tf.serving.client --url=http://localhost:8501 --model=mnist --seeds=0-9999 --out=images/
  python -m dcgan_tf.serving.client --url=http://localhost:8501 --model=mnist --walk=3,14 --steps=16 --out=walk.gif

Neither TensorFlow nor the trained run is needed here. Seed 17 gives the image that generate.py makes of seed 17; where
another machine rounds differently, a pixel may differ by one grey level.
"""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from dcgan_tf import files, images, seeds
from dcgan_tf.cli import console
from dcgan_tf.cli.flags import Flags
from dcgan_tf.errors import ArgumentError
from dcgan_tf.progress import Progress
from dcgan_tf.serving.grpc_client import GrpcClient
from dcgan_tf.serving.rest import RestClient
from dcgan_tf.serving.served_model import LARGEST_WALK, ServedModel, decoded

LARGEST_GRID = 10_000

FLAGS = Flags(__doc__)
FLAGS.text("url", None, "the server's REST address, as http://localhost:8501")
FLAGS.text("grpc", None, "the server's gRPC address instead, as localhost:8500; needs tensorflow-serving-api")
FLAGS.text("model", None, "the model's name on the server")
FLAGS.whole("version", None, "version of the model; default: the latest")
FLAGS.text("seeds", "0-63", "seeds of the images: 17, 0-63, 3,14,15 or 0-9,20")
FLAGS.text("walk", None, "two seeds, as 3,14: images on the way from one to the other, instead of --seeds")
FLAGS.whole("steps", 16, "images of a walk, with both ends")
FLAGS.whole("class", None, "number of the class of all images, where the model was trained with --conditional")
FLAGS.text("out", "grid.png", "a .png for a grid, or a folder for single PNG files; of a walk a .png or a .gif")
FLAGS.number("timeout", 60.0, "seconds to wait for an answer")
FLAGS.whole("retries", 3, "how often a request is repeated when the server does not answer or is overloaded")
FLAGS.number("wait", 0.0, "seconds to wait for a server that is not up yet or a model that is still loading")
FLAGS.switch("overwrite", False, "replace what is already at --out")


def main() -> None:
    """Checks what is asked for, then asks and writes."""
    _check_flags()
    out = files.expanded(FLAGS.out)
    work = _walk(out) if FLAGS.walk is not None else _seeds(out)
    with _client() as served:
        served.wait_until_available(FLAGS.wait)
        try:
            out.parent.mkdir(parents=True, exist_ok=True)
            count = work(served)
        except OSError as error:
            raise ArgumentError("out", FLAGS.out, f"cannot write there ({error.strerror or error})") from error
        console.logger().info("%d images of %s at %s: %s", count, served.model, served.address, out)


def _check_flags() -> None:
    if bool(FLAGS.url) == bool(FLAGS.grpc):
        raise ArgumentError("url", FLAGS.url or "", "name the server by --url=http://localhost:8501 or by --grpc")
    if not FLAGS.model:
        raise ArgumentError("model", "", "name the model as the server does (--model=mnist)")
    if _label() is not None and _label() < 0:
        raise ArgumentError("class", _label(), "classes are counted from 0")
    if not 0 < FLAGS.timeout <= 86400:
        raise ArgumentError("timeout", FLAGS.timeout, "it must be more than 0 and at most 86400 seconds")
    if not 0 <= FLAGS.retries <= 100:
        raise ArgumentError("retries", FLAGS.retries, "it must be from 0 to 100")
    if not 0 <= FLAGS.wait <= 86400:
        raise ArgumentError("wait", FLAGS.wait, "it must be from 0 to 86400 seconds")


def _client() -> ServedModel:
    kind, address = (RestClient, FLAGS.url) if FLAGS.url else (GrpcClient, FLAGS.grpc)
    return kind(address, FLAGS.model, FLAGS.version, FLAGS.timeout, FLAGS.retries)


def _seeds(out: Path):
    """What writes the images of --seeds and returns their number."""
    wanted = seeds.parse(FLAGS.seeds)
    if _is_file(out, (".png",)):
        if len(wanted) > LARGEST_GRID:
            raise ArgumentError("seeds", FLAGS.seeds, f"a grid holds at most {LARGEST_GRID:,} images; name a folder")
        return lambda served: _write_grid(served, wanted, out)
    _check_folder(out, wanted)
    return lambda served: _write_folder(served, wanted, out)


def _walk(out: Path):
    """What writes the images of --walk and returns their number."""
    ends = seeds.parse(FLAGS.walk, "walk", 2)
    if len(ends) != 2:
        raise ArgumentError("walk", FLAGS.walk, "write two seeds as 3,14")
    if not 2 <= FLAGS.steps <= LARGEST_WALK:
        raise ArgumentError("steps", FLAGS.steps, f"it must be from 2 to {LARGEST_WALK}")
    if not _is_file(out, (".png", ".gif")):
        raise ArgumentError("out", FLAGS.out, "a walk is written as a .png or a .gif")
    write = _write_gif if out.suffix.lower() == ".gif" else _write_strip
    return lambda served: write(served.walk(*ends, FLAGS.steps, _label()), out)


def _label() -> int | None:
    return getattr(FLAGS, "class")


def _is_file(out: Path, suffixes: tuple[str, ...]) -> bool:
    """Whether --out names a picture, which must not be there yet."""
    if FLAGS.out.endswith("/") or out.suffix.lower() not in suffixes:
        return False
    if out.is_dir():
        raise ArgumentError("out", FLAGS.out, "this is a folder; name a file, or end the name with /")
    if out.exists() and not FLAGS.overwrite:
        raise ArgumentError("out", FLAGS.out, "this file exists; name another, or add --overwrite")
    return True


def _check_folder(out: Path, seeds: list[int]) -> None:
    if not FLAGS.out.endswith("/") and out.suffix and not out.is_dir():
        raise ArgumentError("out", FLAGS.out, "write a .png, or a folder's name ending in /")
    if out.exists() and not out.is_dir():
        raise ArgumentError("out", FLAGS.out, "this is a file; name a folder or a .png")
    there = {path.name for path in out.iterdir()} if out.is_dir() else set()
    clash = next((name for name in map(images.file_name, seeds) if name in there), None)
    if clash and not FLAGS.overwrite:
        raise ArgumentError("out", FLAGS.out, f"{clash} is there already; name another folder, or add --overwrite")


def _pngs(served: ServedModel, seeds: list[int]) -> Iterator[bytes]:
    with Progress(len(seeds), "images", "fetching") as progress:
        for block in served.blocks(seeds, _label()):
            yield from block
            progress.advance(len(block))


def _write_grid(served: ServedModel, seeds: list[int], out: Path) -> int:
    pixels = decoded(list(_pngs(served, seeds)))
    images.write_png(out, images.magnified(images.grid(pixels)))
    return len(pixels)


def _write_folder(served: ServedModel, seeds: list[int], out: Path) -> int:
    out.mkdir(exist_ok=True)
    for seed, png in zip(seeds, _pngs(served, seeds), strict=True):
        with files.written_aside(out / images.file_name(seed)) as temporary:
            temporary.write_bytes(png)
    return len(set(seeds))


def _write_strip(pngs: list[bytes], out: Path) -> int:
    images.write_png(out, images.magnified(images.grid(decoded(pngs), columns=len(pngs))))
    return len(pngs)


def _write_gif(pngs: list[bytes], out: Path) -> int:
    with tempfile.TemporaryDirectory() as folder:
        frames = [Path(folder, f"{index:03}.png") for index in range(len(pngs))]
        for frame, pixels in zip(frames, decoded(pngs), strict=True):
            images.write_png(frame, images.magnified(pixels))
        images.write_gif(out, frames)
    return len(pngs)


if __name__ == "__main__":
    sys.exit(console.execute(main, FLAGS, sys.argv))
