"""Features and moments of real images, computed once and cached under a hash of everything that defines them."""

import hashlib
import json
import logging
import shutil
import time
import zipfile
from pathlib import Path

import numpy as np

from dcgan_tf import files
from dcgan_tf.data import ImageStore
from dcgan_tf.data.cache import explained, require_space
from dcgan_tf.evaluation.features.extractor import Extractor, in_blocks
from dcgan_tf.metrics import Moments, arrays

log = logging.getLogger(__name__)

FORMAT_VERSION = 1
BLOCK = 256
FEATURES, MOMENTS, ABOUT = "features.npy", "moments.npz", "about.json"
MOST_FOR_MOMENTS = 8192
"""Wider features have no moments: a covariance of 28,672 features takes 6.6 GB."""


def real_features(extractor: Extractor, store: ImageStore, cache_root: Path) -> tuple[np.ndarray, Moments | None]:
    """Features of a store's images from the cache directory, or computed now, with progress.

    Returns:
        A memory map, float32 [n, d], in the order of the store, and its moments; None if they are too wide.

    Raises:
        UserError: no space left, or no permission.
    """
    path = cache_root / "features" / f"{extractor.name[:60]}-{_key(extractor, store)}"
    if path.exists():
        try:
            return _read(path, extractor, store)
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as fault:
            log.warning("%s is damaged (%s): it is computed again", path, fault)
            shutil.rmtree(path, ignore_errors=True)
    began = time.perf_counter()
    with explained(cache_root):
        path.parent.mkdir(parents=True, exist_ok=True)
        require_space(cache_root, 4 * len(store) * extractor.dimension)
        with files.folder_written_aside(path) as folder:
            _write(extractor, store, folder)
    log.info("features of %s: %.0f s, kept for next time", store.manifest["source"], time.perf_counter() - began)
    return _read(path, extractor, store)


def _key(extractor: Extractor, store: ImageStore) -> str:
    parts = [extractor.name, store.checksum, list(store.images.shape), FORMAT_VERSION]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def _write(extractor: Extractor, store: ImageStore, folder: Path) -> None:
    shape = (len(store), extractor.dimension)
    vectors = np.lib.format.open_memmap(folder / FEATURES, "w+", np.float32, shape)
    moments = Moments.empty(shape[1]) if shape[1] <= MOST_FOR_MOMENTS else None
    images = (store.images[part] for part in arrays.slices(len(store), BLOCK))
    for part, found in in_blocks(extractor, images, len(store), f"features of {store.manifest['source']}"):
        vectors[part] = found.vectors
        if moments is not None:
            moments.add(found.vectors)
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
