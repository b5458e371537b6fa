"""Features and moments of real images, computed once and cached under a hash of everything that defines them."""

import hashlib
import json
import logging
import shutil
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dcgan_tf import files
from dcgan_tf.data import ImageStore
from dcgan_tf.data.cache import explained, require_space
from dcgan_tf.evaluation.features import Extractor
from dcgan_tf.metrics import Moments
from dcgan_tf.progress import Progress

log = logging.getLogger(__name__)

FORMAT_VERSION = 1
BLOCK = 256
FEATURES, MOMENTS, ABOUT = "features.npy", "moments.npz", "about.json"
MOST_FOR_MOMENTS = 8192
"""Wider features have no moments: a covariance of 28,672 features takes 6.6 GB."""


class RealFeatures(NamedTuple):
    """The features of all images of one store.

    Attributes:
        vectors: float32 [n, d], a memory map, in the order of the store.
        moments: of the same; None if they are too wide.
        computed_now: whether they were not in the cache.
    """

    vectors: np.ndarray
    moments: Moments | None
    computed_now: bool


def real_features(extractor: Extractor, store: ImageStore, cache_root: Path) -> RealFeatures:
    """Features from the cache, or computed now, with progress.

    Args:
        extractor: computes features.
        store: real images.
        cache_root: the cache directory; the features go to its folder "features".

    Raises:
        UserError: no space left, or no permission.
    """
    path = cache_root / "features" / f"{extractor.name[:60]}-{_key(extractor, store)}"
    if path.exists():
        try:
            return RealFeatures(*_read(path, extractor, store), computed_now=False)
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as fault:
            log.warning("%s is damaged (%s): it is computed again", path, fault)
            shutil.rmtree(path, ignore_errors=True)
    with explained(cache_root):
        path.parent.mkdir(parents=True, exist_ok=True)
        require_space(cache_root, 4 * len(store) * extractor.dimension)
        with files.folder_written_aside(path) as folder:
            _write(extractor, store, folder)
    return RealFeatures(*_read(path, extractor, store), computed_now=True)


def _key(extractor: Extractor, store: ImageStore) -> str:
    parts = [extractor.name, store.checksum, list(store.images.shape), FORMAT_VERSION]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def _write(extractor: Extractor, store: ImageStore, folder: Path) -> None:
    shape = (len(store), extractor.dimension)
    vectors = np.lib.format.open_memmap(folder / FEATURES, "w+", np.float32, shape)
    moments = Moments.empty(shape[1]) if shape[1] <= MOST_FOR_MOMENTS else None
    with Progress(len(store), "images", f"features of {store.manifest['source']}") as progress:
        for start in range(0, len(store), BLOCK):
            found = extractor(store.images[start : start + BLOCK]).vectors
            vectors[start : start + len(found)] = found
            if moments is not None:
                moments.add(found)
            progress.advance(len(found))
    vectors.flush()
    if moments is not None:
        np.savez(folder / MOMENTS, count=moments.count, mean=moments.mean, scatter=moments.scatter)
    about = {"extractor": extractor.describe(), "source": store.manifest["source"], "checksum": store.checksum}
    (folder / ABOUT).write_text(json.dumps(about, indent=1))


def _read(path: Path, extractor: Extractor, store: ImageStore) -> tuple[np.ndarray, Moments | None]:
    vectors = np.load(path / FEATURES, mmap_mode="r")
    if vectors.shape != (len(store), extractor.dimension):
        raise ValueError(f"{FEATURES} has shape {vectors.shape}")
    if extractor.dimension > MOST_FOR_MOMENTS:
        return vectors, None
    with np.load(path / MOMENTS) as archive:
        return vectors, Moments(int(archive["count"]), archive["mean"], archive["scatter"])
