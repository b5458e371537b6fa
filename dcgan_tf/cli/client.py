"""Fetches images from a served generator.

  dcgan client --url=http://localhost:8501 --model=mnist --seeds=0-63 --out=grid.png
  dcgan client --url=http://localhost:8501 --model=mnist --seeds=0-9999 --out=images/
  dcgan client --url=http://localhost:8501 --model=mnist --walk=3,14 --steps=16 --out=walk.gif
  dcgan client --url=https://photos.example.com --model=mnist --token_file=token.txt --ca_file=ca.pem

It needs neither TensorFlow nor the training run. Seed 17 gives the same image as in `dcgan generate`; if the
server rounds differently, pixels may differ by one gray level.
"""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from dcgan_tf import files, images, seeds
from dcgan_tf.cli import console, out_flag
from dcgan_tf.cli.flags import Flags
from dcgan_tf.errors import ArgumentError
from dcgan_tf.progress import tracked
from dcgan_tf.serving import Client, UnavailableError
from dcgan_tf.serving.client import decoded

LARGEST_GRID = 10_000
TOKEN = "DCGAN_TF_TOKEN"
GRID, WALK = "grid.png", "walk.gif"
WALK_SECONDS = 8.0  # there and back, in a GIF
SUFFIXES, WALK_SUFFIXES = (".png",), (".png", ".gif")

FLAGS = Flags(__doc__)
FLAGS.text("url", None, "REST address of the server, as http://localhost:8501", address=True)
FLAGS.text("model", None, "name of the model on the server")
FLAGS.whole("version", None, "version of the model; default: the latest")
FLAGS.text("seeds", "0-63", "seeds of the images: 17, 0-63, 3,14,15 or 0-9,20")
FLAGS.text(
    "walk",
    None,
    "two seeds, as 3,14: images on the way from one to the other, instead of --seeds; --out may then end in .gif too, "
    f"for an animation there and back, and a folder gets {WALK}",
)
FLAGS.whole("steps", 16, "number of images in a walk, including both ends")
FLAGS.whole("class", None, "number of the class of all images, for a conditional model")
FLAGS.text("out", None, out_flag.rule(SUFFIXES, "a PNG for each seed", GRID))
FLAGS.text(
    "token_file",
    None,
    "file with the token (a bearer token) by which the server or a proxy before it knows you; without it, the "
    f"environment's {TOKEN}. A token on the command line could be read by everyone on this machine",
)
FLAGS.texts(
    "header",
    "a header for every request, as 'Host: photos.example.com' for a gateway that finds the model by it; not secret",
)
FLAGS.text(
    "ca_file",
    None,
    "PEM file with the certificate of the authority that signed the server's, if it is one of your own; default: what "
    "REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE or SSL_CERT_FILE name, else the public authorities",
)
FLAGS.number("timeout", 60.0, "seconds for each request, from connecting to the last byte of its answer")
FLAGS.whole(
    "retries",
    3,
    "how often a request is repeated if the server does not answer or is overloaded; each "
    "pause is twice the one before, or what the server asks for, up to a minute",
)
FLAGS.number("wait", 0.0, "seconds to wait for a server that is not up yet or a model that is still loading")
FLAGS.switch("overwrite", False, "replace files that exist at --out")


def main() -> None:
    """Checks the flags, then fetches and writes."""
    for name, example in {"url": "http://localhost:8501", "model": "mnist"}.items():
        if not getattr(FLAGS, name):
            raise ArgumentError(name, "", f"it is needed, as in --{name}={example}")
    if not 0 <= FLAGS.wait <= 86400:
        raise ArgumentError("wait", FLAGS.wait, "it must be from 0 to 86400 seconds")
    wanted, out, folder = _checked_seeds()
    with _client() as client:
        try:
            client.wait_until_available(FLAGS.wait)
        except UnavailableError as error:
            hint = "" if FLAGS.wait else "; --wait=60 waits for up to a minute"
            raise UnavailableError(f"{error}{hint}") from error
        try:
            out.parent.mkdir(parents=True, exist_ok=True)
            count = _fetch(client, wanted, out, folder)
        except OSError as error:
            raise out_flag.cannot_write(out, error) from error
        console.logger().info("%d images of %s at %s: %s", count, client.model, client.address, out)


def _client() -> Client:
    settings = {name: getattr(FLAGS, name) for name in ("url", "model", "version", "timeout", "retries", "ca_file")}
    try:
        return Client(**settings, token=_token(), headers=_headers())
    except ArgumentError as error:
        if error.argument == "token" and FLAGS.token_file is None:
            raise ArgumentError(TOKEN, "", error.remedy) from None
        raise


def _token() -> str | None:
    if FLAGS.token_file is None:
        return os.environ.get(TOKEN) or None
    try:
        return files.expanded(FLAGS.token_file).read_text("ascii").strip()
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", "") or "it is not ASCII text"
        raise ArgumentError("token_file", FLAGS.token_file, f"no token can be read there ({reason})") from None


def _headers() -> dict[str, str]:
    pairs = [text.partition(":") for text in FLAGS.header]
    if not all(colon for _, colon, _ in pairs):
        raise ArgumentError("header", "", "write each as 'Name: value'")
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    if len(headers) < len(pairs):
        raise ArgumentError("header", "", "give each name once")
    return headers


def _checked_seeds() -> tuple[Sequence[int], Path, bool]:
    """The seeds, or the two ends of --walk; where the images go, and whether that is a folder of single ones."""
    if FLAGS.walk is not None:
        ends = seeds.parse(FLAGS.walk, "walk", 2)
        if len(ends) != 2:
            raise ArgumentError("walk", FLAGS.walk, "write two seeds as 3,14")
        return ends, out_flag.file(FLAGS.out, WALK, WALK_SUFFIXES, FLAGS.overwrite), False
    wanted = seeds.parse(FLAGS.seeds)
    if out_flag.is_folder(FLAGS.out, SUFFIXES):
        out_flag.check_folder(FLAGS.out, wanted, FLAGS.overwrite)
        return wanted, files.expanded(FLAGS.out), True
    if len(wanted) > LARGEST_GRID:
        raise ArgumentError("seeds", FLAGS.seeds, f"a grid holds at most {LARGEST_GRID:,} images; name a folder")
    return wanted, out_flag.file(FLAGS.out, GRID, SUFFIXES, FLAGS.overwrite), False


def _fetch(client: Client, wanted: Sequence[int], out: Path, folder: bool) -> int:
    """Writes what the flags ask for, and returns the number of images."""
    label = getattr(FLAGS, "class")
    if FLAGS.walk is not None:
        pixels, columns = client.walk(*wanted, FLAGS.steps, label), FLAGS.steps
    else:
        pngs = tracked(client.pngs(wanted, label), len(wanted), "images", "fetching")
        if folder:
            return _write_folder(pngs, wanted, out)
        pixels, columns = decoded(list(pngs)), 0
    if out.suffix.lower() == ".gif":
        images.write_loop(out, np.concatenate([pixels, pixels[-2:0:-1]]), WALK_SECONDS)
    else:
        images.show(pixels, columns).save(out)
    return len(pixels)


def _write_folder(pngs: Iterable[bytes], wanted: Sequence[int], out: Path) -> int:
    with files.folder_filled_aside(out) as folder:
        for seed, png in zip(wanted, pngs, strict=True):
            (folder / images.file_name(seed)).write_bytes(png)
    return len(set(wanted))
