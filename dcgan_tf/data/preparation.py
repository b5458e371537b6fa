"""Source to store: decoded on all cores, written in order, complete or absent."""

import contextlib
import datetime
import hashlib
import json
import logging
import math
import os
import shutil
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dcgan_tf import files
from dcgan_tf.data import cache
from dcgan_tf.data.decoding import has_alpha, quiet_pillow, shown_size
from dcgan_tf.data.facts import aspects_of, cut_in_half
from dcgan_tf.data.fitting import fitted
from dcgan_tf.data.source_protocol import Item, Source, UnusableImage
from dcgan_tf.data.store import FORMAT_VERSION, IMAGES, LABELS, MANIFEST, DamagedStore, ImageStore, open_store
from dcgan_tf.errors import ArgumentError
from dcgan_tf.progress import Progress

log = logging.getLogger(__name__)

CHUNK = 32  # images per task: enough that handing a task over costs nothing
HASH_BYTES = 8  # of an image: two of a million differing ones agree with a probability of 3e-8
CHUNK_BYTES = 2**23  # fewer images when they are in memory already and large


class Target(NamedTuple):
    """What every image of the store is made into; see `fitting.fitted`."""

    image_size: tuple[int, int]
    channels: int
    crop: str


class Result(NamedTuple):
    """What became of one item: its pixels, or the reason why it is skipped."""

    item: Item
    pixels: np.ndarray | None = None
    original_size: tuple[int, int] = (0, 0)
    transparent: bool = False
    reason: str = ""


def prepare_store(source: Source, image_size: tuple[int, int], channels: int, crop: str, cache_dir: str) -> ImageStore:
    """The store of a source at one size: the one in the cache if there is one, else made now, with progress.

    Args:
        source: where the images come from.
        image_size: height and width of the stored images.
        channels: 1, 3 or 4.
        crop: "center" or "none"; see `fitting.fitted`.
        cache_dir: where stores are kept; "" takes DCGAN_TF_CACHE_DIR, else ~/.cache/dcgan_tf.

    Raises:
        UserError: no usable image, no space, no permission, or an error of the source.
    """
    target = Target(image_size, channels, crop)
    identity, root = source.identity(), cache.cache_root(cache_dir)
    path = root / _folder_name(source.name, identity, target)
    try:
        if path.exists():
            return open_store(path)
    except DamagedStore as fault:
        log.warning("%s: it is prepared again", fault)
        shutil.rmtree(path, ignore_errors=True)
    with cache.explained(root):
        root.mkdir(parents=True, exist_ok=True)
        cache.remove_abandoned(root)
        size = (source.info().count or 0) * math.prod((*image_size, channels))
        cache.require_space(root, size)
        items = source.items()  # which imports what it needs before there is a folder
        with files.folder_written_aside(path, size) as folder:
            _write(source, items, identity, target, folder)
    return open_store(path)


def prepare_recorded(source: Source, manifest: dict[str, Any], cache_dir: str) -> ImageStore:
    """The store of a run's images, with the classes that the run has.

    Args:
        source: where the images are now.
        manifest: `ImageStore.manifest`, as the run's config.json keeps it under "data".
        cache_dir: see `prepare_store`.

    Returns:
        The store with the recorded checksum: as the source is read now, or as it was when the run was started. If
        neither has it, the images are others, and their store is returned.
    """
    readings = [each for each in (source, source.as_before()) if each is not None]
    if readings[-1].identity() == manifest.get("identity"):
        readings.reverse()  # the first one fits, and the other need not be prepared
    size, channels, crop = tuple(manifest["image_size"]), manifest["channels"], manifest["crop"]
    for reading in readings:
        store = prepare_store(reading, size, channels, crop, cache_dir)
        if store.checksum == manifest["checksum"]:
            return store.labeled_as(manifest["class_names"])  # earlier versions kept classes without images
    return store


def reopen(manifest: dict[str, Any], cache_dir: str = "") -> ImageStore:
    """The store in the cache that a recorded manifest describes; its source is not needed.

    So a run on an array, or on files that are gone, can be continued and evaluated while the cache keeps its store.

    Args:
        manifest: `ImageStore.manifest`, as a run's config.json keeps it under "data".
        cache_dir: see `prepare_store`.

    Raises:
        ArgumentError: it is no longer in the cache.
    """
    target = Target(manifest["image_size"], manifest["channels"], manifest["crop"])
    path = cache.cache_root(cache_dir) / _folder_name(manifest["source"], manifest["identity"], target)
    with contextlib.suppress(DamagedStore):
        store = open_store(path)
        if store.checksum == manifest["checksum"]:
            return store.labeled_as(manifest["class_names"])  # earlier versions kept classes without images
    remedy = f"its prepared images are not in {path.parent}; train the run one step further with the same images again"
    raise ArgumentError("dataset", manifest["source"], remedy)


def _folder_name(source: str, identity: dict[str, Any], target: Target) -> str:
    key = json.dumps([identity, *target, FORMAT_VERSION], sort_keys=True)
    return f"{source[:60]}-{hashlib.sha256(key.encode()).hexdigest()[:16]}"


def _write(source: Source, items: Iterator[Item], identity: dict[str, Any], target: Target, folder: Path) -> None:
    began, info, digest = time.monotonic(), source.info(), hashlib.sha256()
    labels, skipped, sizes, transparent, hashes = [], [], Counter(), 0, bytearray()
    with (folder / IMAGES).open("wb") as stream, Progress(info.count, "images", f"preparing {source.name}") as progress:
        for result in _prepared(items, target):
            progress.advance()
            if result.pixels is None:
                skipped.append((result.item.name, result.reason))
                continue
            stream.write(result.pixels)
            digest.update(result.pixels)
            hashes += hashlib.blake2b(result.pixels, digest_size=HASH_BYTES).digest()
            labels.append(result.item.label)
            sizes[result.original_size] += 1
            transparent += result.transparent
        stream.flush()
        os.fsync(stream.fileno())
    if not labels:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in skipped[:3])
        raise ArgumentError("dataset", source.path or source.name, f"no usable image{reasons and f' ({reasons})'}")
    class_names = () if None in labels else info.class_names
    if class_names:
        np.save(folder / LABELS, np.asarray(labels, np.int32))
        digest.update(np.asarray(labels, "<i4").tobytes())
    counts = Counter(labels)
    manifest = {
        "format_version": FORMAT_VERSION,
        "source": source.name,
        "identity": identity,
        "count": len(labels),
        **target._asdict(),
        "class_names": class_names,
        "class_counts": {name: counts[index] for index, name in enumerate(class_names)},
        "original_sizes": _original_sizes(sizes),
        "cut": cut_in_half(aspects_of(sizes), target.image_size),
        "copies": len(labels) - len(np.unique(np.frombuffer(hashes, np.uint64))),
        "notes": info.notes,
        "transparent": transparent,
        "skipped": skipped,
        "checksum": digest.hexdigest(),
        "prepared": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "seconds": round(time.monotonic() - began, 2),
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")


def _original_sizes(sizes: Counter) -> dict[str, Any]:
    """Smallest and largest by area, and the most common; each height and width."""
    ordered = sorted(sizes, key=lambda size: (size[0] * size[1], size))
    most_common = max(sizes, key=lambda size: (sizes[size], size))
    return {
        "smallest": ordered[0],
        "largest": ordered[-1],
        "commonest": most_common,
        "commonest_count": sizes[most_common],
    }


def _prepared(items: Iterable[Item], target: Target) -> Iterator[Result]:
    """Results in the order of the items, made by as many threads as there are cores.

    The look-ahead is bounded, so memory does not grow with the number of images.
    """
    items, threads = iter(items), _available_cores()
    pending: deque[Future] = deque()
    with quiet_pillow(), ThreadPoolExecutor(threads) as pool:
        try:
            while True:
                while len(pending) < 2 * threads + 1 and (chunk := _chunk(items)):
                    pending.append(pool.submit(lambda chunk=chunk: [_result(item, target) for item in chunk]))
                if not pending:
                    return
                yield from pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()


def _chunk(items: Iterator[Item]) -> list[Item]:
    chunk, held = [], 0
    while len(chunk) < CHUNK and held < CHUNK_BYTES and (item := next(items, None)):
        chunk.append(item)
        held += item.held
    return chunk


def _result(item: Item, target: Target) -> Result:
    try:
        picture = item.load()
        if isinstance(picture, np.ndarray):
            size, transparent = picture.shape[:2], picture.shape[-1] == 4
        else:
            size, transparent = shown_size(picture), has_alpha(picture)
        return Result(item, np.ascontiguousarray(fitted(picture, *target)), size, transparent)
    except UnusableImage as fault:
        return Result(item, reason=str(fault))


def _available_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
