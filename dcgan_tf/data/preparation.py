"""Source to store: decoded on all cores, written in order, complete or absent."""

import datetime
import hashlib
import json
import logging
import os
import shutil
import time
import warnings
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from PIL import Image

from dcgan_tf import files
from dcgan_tf.data import cache
from dcgan_tf.data.decoding import has_alpha, shown_size
from dcgan_tf.data.fitting import fitted
from dcgan_tf.data.source import Item, Source, UnusableImage
from dcgan_tf.data.store import FORMAT_VERSION, IMAGES, LABELS, MANIFEST, DamagedStore, ImageStore, open_store
from dcgan_tf.errors import UserError
from dcgan_tf.progress import Progress

log = logging.getLogger(__name__)

CHUNK = 32  # images per task: enough to make the cost of handing a task over vanish
CHUNK_BYTES = 2**23  # fewer, when they are in memory already and large
NO_LABEL = -1


@dataclass(frozen=True)
class Target:
    """What every image of the store is made into."""

    image_size: tuple[int, int]
    channels: int
    crop: str

    @property
    def bytes_per_image(self) -> int:
        return self.image_size[0] * self.image_size[1] * self.channels


class Result(NamedTuple):
    """What became of one item: its pixels, or the reason why it is skipped."""

    item: Item
    pixels: np.ndarray | None = None
    original_size: tuple[int, int] | None = None
    transparent: bool = False
    reason: str = ""


@dataclass
class Tally:
    """What is counted while a store is written."""

    labels: list[int] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    sizes: Counter = field(default_factory=Counter)
    transparent: int = 0
    digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)


def prepare_store(source: Source, image_size: tuple[int, int], channels: int, crop: str, cache_dir: str) -> ImageStore:
    """The store of a source at one size: the one in the cache when it is there, else made now, with progress.

    Args:
        source: where the images come from.
        image_size: height and width of the stored images.
        channels: 1, 3 or 4.
        crop: "center" or "none"; see `fitting.fitted`.
        cache_dir: where stores are kept; "" takes DCGAN_TF_CACHE_DIR, else ~/.cache/dcgan_tf.

    Raises:
        UserError: no usable image, no space, no permission, or whatever the source raises.
    """
    target = Target(tuple(image_size), channels, crop)
    identity = source.identity()
    root = cache.cache_root(cache_dir)
    path = root / f"{source.name[:60]}-{_key(identity, target)}"
    if path.exists():
        try:
            return open_store(path)
        except DamagedStore as fault:
            log.warning("%s: it is prepared again", fault)
            shutil.rmtree(path, ignore_errors=True)
    with cache.explained(root):
        root.mkdir(parents=True, exist_ok=True)
        cache.remove_leftovers(root)
        cache.require_space(root, (source.info().count or 0) * target.bytes_per_image)
        with files.folder_written_aside(path) as folder:
            _write(source, identity, target, folder)
    return open_store(path)


def _key(identity: dict, target: Target) -> str:
    parts = [identity, target.image_size, target.channels, target.crop, FORMAT_VERSION]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def _write(source: Source, identity: dict, target: Target, folder: Path) -> None:
    began = time.monotonic()
    info = source.info()
    tally = Tally()
    with (folder / IMAGES).open("wb") as stream, Progress(info.count, "images", f"preparing {source.name}") as progress:
        for results in _prepared(source.items(), target):
            _append(results, stream, tally)
            progress.advance(len(results))
        stream.flush()
        os.fsync(stream.fileno())
    if not tally.labels:
        first = "; ".join(f"{name}: {reason}" for name, reason in tally.skipped[:3])
        raise UserError(f"no usable image in {source.name}{': ' + first if first else ''}")
    class_names = info.class_names if NO_LABEL not in tally.labels else ()
    if class_names:
        labels = np.asarray(tally.labels, np.int32)
        np.save(folder / LABELS, labels)
        tally.digest.update(labels.astype("<i4").tobytes())
    manifest = {
        "format_version": FORMAT_VERSION,
        "source": source.name,
        "identity": identity,
        "count": len(tally.labels),
        "image_size": list(target.image_size),
        "channels": target.channels,
        "crop": target.crop,
        "class_names": list(class_names),
        "class_counts": _class_counts(tally.labels, class_names),
        "original_sizes": _original_sizes(tally.sizes),
        "transparent": tally.transparent,
        "skipped": tally.skipped,
        "checksum": tally.digest.hexdigest(),
        "prepared": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "seconds": round(time.monotonic() - began, 2),
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")


def _append(results: list[Result], stream: BinaryIO, tally: Tally) -> None:
    usable = [result for result in results if result.pixels is not None]
    if usable:
        pixels = np.ascontiguousarray(np.stack([result.pixels for result in usable]))
        stream.write(pixels)
        tally.digest.update(pixels)
    for item, made, original_size, transparent, reason in results:
        if made is None:
            tally.skipped.append((item.name, reason))
            continue
        tally.labels.append(NO_LABEL if item.label is None else item.label)
        tally.sizes[original_size] += 1
        tally.transparent += transparent


def _class_counts(labels: list[int], class_names: tuple[str, ...]) -> dict[str, int]:
    counts = Counter(labels)
    return {name: counts[index] for index, name in enumerate(class_names)}


def _original_sizes(sizes: Counter) -> dict:
    """Smallest and largest by area, and the commonest; each height and width."""
    ordered = sorted(sizes, key=lambda size: (size[0] * size[1], size))
    commonest, count = max(sizes.items(), key=lambda entry: (entry[1], entry[0]))
    return {
        "smallest": list(ordered[0]),
        "largest": list(ordered[-1]),
        "commonest": list(commonest),
        "commonest_count": count,
    }


def _prepared(items: Iterable[Item], target: Target) -> Iterator[list[Result]]:
    """Chunks of results in the order of the items, made by as many threads as there are cores.

    The look-ahead is bounded, so memory does not grow with the number of images.
    """
    items = iter(items)
    threads = available_cores()
    pending: deque[Future] = deque()
    with warnings.catch_warnings(), ThreadPoolExecutor(threads) as pool:
        warnings.filterwarnings("ignore", module="PIL")  # broken files are reported once, in the list of the skipped
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        try:
            while True:
                while len(pending) < 2 * threads + 1 and (chunk := _chunk(items)):
                    pending.append(pool.submit(_results, chunk, target))
                if not pending:
                    return
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()


def _chunk(items: Iterator[Item]) -> list[Item]:
    chunk, held = [], 0
    for item in items:
        chunk.append(item)
        held += item.held
        if len(chunk) == CHUNK or held >= CHUNK_BYTES:
            break
    return chunk


def _results(chunk: list[Item], target: Target) -> list[Result]:
    return [_result(item, target) for item in chunk]


def _result(item: Item, target: Target) -> Result:
    try:
        picture = item.load()
        if isinstance(picture, np.ndarray):
            size, transparent = picture.shape[:2], picture.shape[-1] == 4
        else:
            size, transparent = shown_size(picture), has_alpha(picture)
        return Result(item, fitted(picture, target.image_size, target.channels, target.crop), size, transparent)
    except UnusableImage as fault:
        return Result(item, reason=str(fault))


def available_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
