"""Fetches images from a served generator.

  dcgan client --url=http://localhost:8501 --model=mnist --seeds=0-63 --out=grid.png
  dcgan client --url=http://localhost:8501 --model=mnist --seeds=0-9999 --out=images/
  dcgan client --url=http://localhost:8501 --model=mnist --walk=3,14 --steps=16 --out=walk.gif

It needs neither TensorFlow nor the training run. Seed 17 gives the same image as in `dcgan generate`; if the
server rounds differently, pixels may differ by one gray level.
"""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from dcgan_tf import files, images, seeds
from dcgan_tf.cli import console
from dcgan_tf.cli.flags import Flags
from dcgan_tf.errors import ArgumentError
from dcgan_tf.progress import tracked
from dcgan_tf.serving import Client, UnavailableError
from dcgan_tf.serving.client import LARGEST_WALK, decoded

LARGEST_GRID = 10_000

FLAGS = Flags(__doc__)
FLAGS.text("url", None, "REST address of the server, as http://localhost:8501")
FLAGS.text("model", None, "name of the model on the server")
FLAGS.whole("version", None, "version of the model; default: the latest")
FLAGS.text("seeds", "0-63", "seeds of the images: 17, 0-63, 3,14,15 or 0-9,20")
FLAGS.text("walk", None, "two seeds, as 3,14: images on the way from one to the other, instead of --seeds")
FLAGS.whole("steps", 16, "number of images in a walk, including both ends")
FLAGS.whole("class", None, "number of the class of all images, for a conditional model")
FLAGS.text("out", "grid.png", "a .png for a grid, or a folder for single PNG files; for a walk, a .png or a .gif")
FLAGS.number("timeout", 60.0, "seconds to wait for an answer")
FLAGS.whole("retries", 3, "how often a request is repeated if the server does not answer or is overloaded")
FLAGS.number("wait", 0.0, "seconds to wait for a server that is not up yet or a model that is still loading")
FLAGS.switch("overwrite", False, "replace files that exist at --out")


def main() -> None:
    """Checks the flags, then fetches and writes."""
    for name, example in {"url": "http://localhost:8501", "model": "mnist"}.items():
        if not getattr(FLAGS, name):
            raise ArgumentError(name, "", f"it is needed, as in --{name}={example}")
    if not 0 <= FLAGS.wait <= 86400:
        raise ArgumentError("wait", FLAGS.wait, "it must be from 0 to 86400 seconds")
    out = files.expanded(FLAGS.out)
    fetch = _seeds(out) if FLAGS.walk is None else _walk(out)
    with Client(FLAGS.url, FLAGS.model, FLAGS.version, FLAGS.timeout, FLAGS.retries) as client:
        try:
            client.wait_until_available(FLAGS.wait)
        except UnavailableError as error:
            hint = "" if FLAGS.wait else "; --wait=60 waits for up to a minute"
            raise UnavailableError(f"{error}{hint}") from error
        try:
            out.parent.mkdir(parents=True, exist_ok=True)
            count = fetch(client)
        except OSError as error:
            raise ArgumentError("out", FLAGS.out, f"cannot write there ({error.strerror or error})") from error
        console.logger().info("%d images of %s at %s: %s", count, client.model, client.address, out)


def _seeds(out: Path) -> Callable[[Client], int]:
    """What fetches and writes the images of --seeds, and returns their number."""
    wanted = seeds.parse(FLAGS.seeds)
    if _is_picture(out, (".png",)):
        if len(wanted) > LARGEST_GRID:
            raise ArgumentError("seeds", FLAGS.seeds, f"a grid holds at most {LARGEST_GRID:,} images; name a folder")
        return lambda client: _write_grid(client, wanted, out)
    _check_folder(out, wanted)
    return lambda client: _write_folder(client, wanted, out)


def _walk(out: Path) -> Callable[[Client], int]:
    """What fetches and writes the images of --walk, and returns their number."""
    ends = seeds.parse(FLAGS.walk, "walk", 2)
    if len(ends) != 2:
        raise ArgumentError("walk", FLAGS.walk, "write two seeds as 3,14")
    if not 2 <= FLAGS.steps <= LARGEST_WALK:
        raise ArgumentError("steps", FLAGS.steps, f"it must be from 2 to {LARGEST_WALK}")
    if not _is_picture(out, (".png", ".gif")):
        raise ArgumentError("out", FLAGS.out, "a walk is written as a .png or a .gif")
    return lambda client: _write_walk(client.walk(*ends, FLAGS.steps, getattr(FLAGS, "class")), out)


def _is_picture(out: Path, suffixes: tuple[str, ...]) -> bool:
    """Whether --out names a picture; it must not exist yet."""
    if FLAGS.out.endswith("/") or out.suffix.lower() not in suffixes:
        return False
    if out.is_dir():
        raise ArgumentError("out", FLAGS.out, "this is a folder; name a file, or end the name with /")
    if out.exists() and not FLAGS.overwrite:
        raise ArgumentError("out", FLAGS.out, "this file exists; name another, or add --overwrite")
    return True


def _check_folder(out: Path, wanted: "range | list[int]") -> None:
    if not FLAGS.out.endswith("/") and out.suffix and not out.is_dir():
        raise ArgumentError("out", FLAGS.out, "name a .png, or a folder with / at the end")
    if out.exists() and not out.is_dir():
        raise ArgumentError("out", FLAGS.out, "this is a file; name a folder or a .png")
    existing = {path.name for path in out.iterdir()} if out.is_dir() else set()
    clash = next((name for name in map(images.file_name, wanted) if name in existing), None) if existing else None
    if clash and not FLAGS.overwrite:
        raise ArgumentError("out", FLAGS.out, f"{clash} exists there; name another folder, or add --overwrite")


def _pngs(client: Client, wanted: "range | list[int]") -> Iterator[bytes]:
    return tracked(client.pngs(wanted, getattr(FLAGS, "class")), len(wanted), "images", "fetching")


def _write_grid(client: Client, wanted: "range | list[int]", out: Path) -> int:
    pixels = decoded(list(_pngs(client, wanted)))
    images.write_png(out, images.magnified(images.grid(pixels)))
    return len(pixels)


def _write_folder(client: Client, wanted: "range | list[int]", out: Path) -> int:
    out.mkdir(exist_ok=True)
    for seed, png in zip(wanted, _pngs(client, wanted), strict=True):
        with files.written_aside(out / images.file_name(seed)) as temporary:
            temporary.write_bytes(png)
    return len(set(wanted))


def _write_walk(pixels: np.ndarray, out: Path) -> int:
    if out.suffix.lower() == ".png":
        images.write_png(out, images.magnified(images.grid(pixels, columns=len(pixels))))
        return len(pixels)
    with tempfile.TemporaryDirectory() as folder:
        frames = [Path(folder, f"{index:03}.png") for index in range(len(pixels))]
        for frame, picture in zip(frames, pixels, strict=True):
            images.write_png(frame, images.magnified(picture))
        images.write_gif(out, frames)
    return len(pixels)
