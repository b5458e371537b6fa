"""Images: from any source, through one kind of store, to batches."""

from dcgan_tf.data.examples import examples
from dcgan_tf.data.pipeline import batch_indices, batches, settle
from dcgan_tf.data.preparation import prepare_store
from dcgan_tf.data.selection import located, open_source
from dcgan_tf.data.source import Item, Source, SourceInfo, UnusableImage
from dcgan_tf.data.store import ImageStore, open_store

__all__ = [
    "ImageStore",
    "Item",
    "Source",
    "SourceInfo",
    "UnusableImage",
    "batch_indices",
    "batches",
    "examples",
    "located",
    "open_source",
    "open_store",
    "prepare_store",
    "settle",
]
