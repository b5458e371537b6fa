"""Images: from any source, through one kind of image store, to batches.

source = data.open_source(DataConfig(dataset="~/photos"))            # sources/: one file for each kind of source
store = data.prepare_store(source, (64, 64), 3, "center", "")        # decoding, fitting, preparation -> store
batches = data.batches(store, batch_size=128, seed=0, flip=False)    # batching
"""

from dcgan_tf.data.batching import batch_indices, batches, settle
from dcgan_tf.data.preparation import prepare_recorded, prepare_store, reopen
from dcgan_tf.data.reals import examples
from dcgan_tf.data.source_protocol import Item, Source, SourceInfo, UnusableImage
from dcgan_tf.data.sources import (
    ARRAY,
    ArrayImages,
    NoSplits,
    as_applied,
    located,
    open_source,
    open_split_or_whole,
)
from dcgan_tf.data.store import ImageStore, open_store

__all__ = [
    "ARRAY",
    "ArrayImages",
    "ImageStore",
    "Item",
    "NoSplits",
    "Source",
    "SourceInfo",
    "UnusableImage",
    "as_applied",
    "batch_indices",
    "batches",
    "examples",
    "located",
    "open_source",
    "open_split_or_whole",
    "open_store",
    "prepare_recorded",
    "prepare_store",
    "reopen",
    "settle",
]
