"""The image store: a folder with all images as one uint8 array, mapped into memory, and a manifest.

images.u8      raw uint8 [count, height, width, channels]
labels.npy     int32 [count]; absent when the source has no labels
manifest.json  where the images came from, what was done to them, which were skipped and why, a checksum
"""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from dcgan_tf import files
from dcgan_tf.data.facts import examples_by_reason, grouped, many_skipped, sentences
from dcgan_tf.errors import UserError
from dcgan_tf.geometry import size_text

FORMAT_VERSION = 1
IMAGES, LABELS, MANIFEST = "images.u8", "labels.npy", "manifest.json"
CLASSES_SHOWN = 12


class DamagedStore(UserError):
    """A folder that is not a whole image store."""


@dataclass(frozen=True, eq=False, repr=False)
class ImageStore:
    """Images of one size, ready for random access. Read-only; safe to read from several threads.

    Attributes:
        path: the folder.
        manifest: the content of `manifest.json`.
        images: np.memmap uint8 [count, height, width, channels].
        labels: int32 [count], or None.
    """

    path: Path
    manifest: dict[str, Any]
    images: np.memmap
    labels: np.ndarray | None

    def __len__(self) -> int:
        return len(self.images)

    @property
    def class_names(self) -> tuple[str, ...]:
        """One for each label; empty when there are none."""
        return tuple(self.manifest["class_names"])

    @property
    def checksum(self) -> str:
        """SHA-256 of the pixels and the labels, in hexadecimal."""
        return self.manifest["checksum"]

    def labeled_as(self, names: Sequence[str]) -> "ImageStore":
        """The same images with the labels numbered as in `names`; unchanged if these lack one of its classes."""
        if not self.class_names or self.class_names == tuple(names) or not set(self.class_names) <= set(names):
            return self
        numbers = np.array([list(names).index(name) for name in self.class_names], np.int32)
        counts = {name: self.manifest["class_counts"].get(name, 0) for name in names}
        manifest = {**self.manifest, "class_names": list(names), "class_counts": counts, "empty_classes": []}
        return replace(self, manifest=manifest, labels=numbers[self.labels])

    def report(self, batch_size: int = 0) -> str:
        """What to check before training on these images: a few lines, and before them what is badly wrong."""
        known = self.manifest
        warning = many_skipped(len(self), grouped(reason for _, reason in known["skipped"]))
        lines = [warning] if warning else []
        lines.append(f"data: {len(self):,} {'image' if len(self) == 1 else 'images'} from {known['source']}")
        if self.class_names:
            lines.append(f"  classes: {len(self.class_names)}: {_class_counts_text(known['class_counts'])}")
        if known.get("empty_classes"):
            lines.append(f"  classes without an image, left out: {_shortened(known['empty_classes'])}")
        lines += [f"  {note}" for note in known.get("notes", ())]
        if known["original_sizes"]:
            lines.append(f"  original sizes: {_sizes_text(known['original_sizes'])}")
        height, width, channels = self.images.shape[1:]
        color = {1: "gray", 3: "RGB", 4: "RGBA"}[channels]
        crop = {"center": "center crop", "none": "no crop"}[known["crop"]]
        lines.append(f"  stored: {size_text((height, width))}, {color}, {crop}, {files.amount(self.images.nbytes)}")
        if known["transparent"] and channels != 4:
            lines.append(f"  transparent: {known['transparent']:,}, laid on white; `channels=4` keeps transparency")
        if "copies" in known:  # stores of earlier versions did not count
            about = sentences(len(self), known["cut"], known["crop"], known["copies"], batch_size)
            lines += [f"  {sentence}" for sentence in about]
        if known["skipped"]:
            lines.append(f"  skipped: {len(known['skipped']):,}; full list in {self.path / MANIFEST}")
            lines += [f"    {text}" for text in examples_by_reason(known["skipped"])]
        return "\n".join(lines)


def _shortened(names: Sequence[str]) -> str:
    return ", ".join(names[:CLASSES_SHOWN]) + (", ..." if len(names) > CLASSES_SHOWN else "")


def _class_counts_text(counts: dict[str, int]) -> str:
    shown = [f"{name} ({count:,})" for name, count in list(counts.items())[:CLASSES_SHOWN]]
    if len(counts) > CLASSES_SHOWN:
        shown.append(f"... ({min(counts.values()):,} to {max(counts.values()):,} each)")
    return ", ".join(shown)


def _sizes_text(sizes: dict[str, Any]) -> str:
    smallest, largest, commonest = (size_text(tuple(sizes[key])) for key in ("smallest", "largest", "commonest"))
    if smallest == largest == commonest:
        return f"all {commonest}"
    return f"{smallest} to {largest} (height x width), {sizes['commonest_count']:,} of them {commonest}"


def open_store(path: str | os.PathLike) -> ImageStore:
    """Opens the store in a folder. Classes without images are left out; the others move up in their numbers.

    Raises:
        DamagedStore: the folder does not exist, or files are missing or do not fit the manifest.
    """
    path = Path(path)
    try:
        manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
        shape = (manifest["count"], *manifest["image_size"], manifest["channels"])
        expected, received = int(np.prod(shape)), (path / IMAGES).stat().st_size
        if received != expected:
            raise ValueError(f"{IMAGES} has {received} bytes instead of {expected}")
        images = np.memmap(path / IMAGES, np.uint8, "r", shape=shape)
        labels = np.load(path / LABELS) if manifest["class_names"] else None
        if labels is not None and (labels.shape != shape[:1] or labels.dtype != np.int32):
            raise ValueError(f"{LABELS} has shape {labels.shape} of {labels.dtype}")
        manifest, labels = _without_empty_classes(manifest, labels)
        return ImageStore(path, manifest, images, labels)
    except (OSError, ValueError, KeyError, TypeError, EOFError) as fault:
        raise DamagedStore(f"image store {path} is damaged ({fault}): delete this folder and start again") from fault


def _without_empty_classes(manifest: dict[str, Any], labels: np.ndarray | None) -> tuple[dict[str, Any], np.ndarray]:
    """Files hold the labels as the source numbers them, so that the checksum does not depend on this."""
    if labels is None:
        return manifest, labels
    names, counts = manifest["class_names"], np.bincount(labels, minlength=len(manifest["class_names"]))
    if counts.all():
        return manifest, labels
    kept = [name for name, count in zip(names, counts, strict=True) if count]
    own = {name: int(count) for name, count in zip(names, counts, strict=True) if count}
    empty = [name for name, count in zip(names, counts, strict=True) if not count]
    numbers = (np.cumsum(counts > 0) - 1).astype(np.int32)
    return {**manifest, "class_names": kept, "class_counts": own, "empty_classes": empty}, numbers[labels]
