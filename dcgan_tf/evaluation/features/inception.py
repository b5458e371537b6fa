"""The Inception graph of 5 December 2015, whose features define the published FID (Heusel et al. 2017).

Tensors and conventions are those of the authors' code (bioinf-jku/TTUR, fid.py) and, for the classes, of the code of
the inception score (openai/improved-gan). Images in [0, 255] enter at ExpandDims:0, before the graph's own resize to
299x299 (bilinear as in TensorFlow 1: no half-pixel centers, corners not aligned) and its own scaling. Features are
pool_3:0; logits are features times the weights of softmax/logits/MatMul, without the bias, over 1,008 classes.
"""

import logging
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from dcgan_tf import files
from dcgan_tf.data.cache import explained
from dcgan_tf.data.download import unreachable
from dcgan_tf.errors import ArgumentError, UserError
from dcgan_tf.evaluation.features.extractor import DIGITS, Features, digest_of_file, with_channels
from dcgan_tf.progress import Progress

log = logging.getLogger(__name__)

URL = "http://download.tensorflow.org/models/image/imagenet/inception-2015-12-05.tgz"
MEMBER = "classify_image_graph_def.pb"
ARCHIVE_BYTES, GRAPH_BYTES = 88_931_400, 95_673_916  # as listed in TensorFlow's own tutorial code and its logs
# As published beside the copy of this file that OpenAI's guided-diffusion serves for its evaluator, which has the
# length above. It was not compared with the archive of `URL`.
GRAPH_SHA256 = "009d6814d1bc560d4e7b236e170e9b2d5ca6f4b57bd8037f6db05776204415c6"
PUBLISHED_NAME = "inception-2015-12-05"
INPUT, POOL, LOGITS = "ExpandDims:0", "pool_3:0", "softmax/logits/MatMul"


class Inception:
    """Features: pool_3, 2,048. Probabilities: the softmax over 1,008 classes.

    A file with another checksum does not get the published name.

    Raises:
        ArgumentError: not a frozen graph with these tensors.
    """

    def __init__(self, path: Path):
        self._apply, self.dimension, self.classes = _function(path)
        digest = digest_of_file(path)
        self._path, self._published = path, digest == GRAPH_SHA256
        self.name = PUBLISHED_NAME if self._published else f"graph-{digest[:DIGITS]}"
        other = f"{path.name} is not the published Inception file (its SHA-256 differs): not comparable with FID"
        self.caution = "" if self._published else other

    def describe(self) -> dict[str, Any]:
        resize = "bilinear of TensorFlow 1 inside the graph, to 299x299"
        about = {"kind": "inception", "name": self.name, "file": str(self._path)}
        return {**about, "published": self._published, "resize": resize}

    def __call__(self, images: np.ndarray) -> Features:
        vectors, probabilities = self._apply(tf.constant(with_channels(images, 3), tf.float32))
        return Features(vectors.numpy(), probabilities.numpy())


def _function(path: Path) -> tuple[Any, int, int]:
    """The graph as a function: float32 [n, h, w, 3] in [0, 255] to (vectors [n, d], probabilities [n, k]); d; k."""
    definition = tf.compat.v1.GraphDef()
    try:
        definition.ParseFromString(path.read_bytes())
    except OSError as error:
        raise ArgumentError("inception", path, f"cannot be read ({error.strerror})") from error
    except Exception as error:  # protobuf's DecodeError, which versions import from different places
        raise ArgumentError("inception", path, f"not a frozen graph; it must be {MEMBER}") from error
    for node in definition.node:
        node.attr.pop("_output_shapes", None)  # say one image; the graph itself takes any number
    sizes = []

    def imported(images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        pool, product = tf.graph_util.import_graph_def(
            definition, input_map={INPUT: images}, return_elements=[POOL, LOGITS], name=""
        )
        weights = product.inputs[1]
        sizes.extend(weights.shape.as_list())
        vectors = tf.reshape(pool, [-1, weights.shape[0]])
        return vectors, tf.nn.softmax(vectors @ weights)

    try:
        function = tf.compat.v1.wrap_function(imported, [tf.TensorSpec([None, None, None, 3], tf.float32)])
    except (ValueError, KeyError, AttributeError, TypeError, IndexError) as error:
        wanted = f"{INPUT}, {POOL} and {LOGITS}"
        raise ArgumentError("inception", path, f"it must be {MEMBER}, with {wanted}") from error
    return function, sizes[0], sizes[1]


def inception_file(cache_root: Path) -> Path:
    """The published graph in the cache, downloaded if it is not there.

    Raises:
        UserError: no network, or the download is not that file.
    """
    path = cache_root / "inception" / MEMBER
    if path.exists():
        return path
    remedy = f"download {URL} elsewhere, unpack {MEMBER} and give it as `inception=FILE`, or use `features=classifier`"
    if fault := unreachable(URL):
        raise UserError(f"`features=inception`: not in {path.parent} and no network ({fault}); {remedy}")
    with explained(cache_root):
        path.parent.mkdir(parents=True, exist_ok=True)
        archive = path.with_name("inception-2015-12-05.tgz")
        try:
            _download(archive)
            with tarfile.open(archive) as members, files.written_aside(path) as temporary:
                temporary.write_bytes(members.extractfile(MEMBER).read())
                _require_size(temporary, GRAPH_BYTES)
        except (OSError, ValueError, KeyError, tarfile.TarError, EOFError) as error:  # requests' errors are OSErrors
            raise UserError(f"`features=inception`: {URL}: {type(error).__name__}: {error}; {remedy}") from error
        finally:
            archive.unlink(missing_ok=True)
    log.info("%s: SHA-256 %s", path, digest_of_file(path))
    return path


def _download(target: Path) -> None:
    import requests

    with requests.get(URL, stream=True, timeout=30) as response, files.written_aside(target) as temporary:
        response.raise_for_status()
        with temporary.open("wb") as stream, Progress(ARCHIVE_BYTES, "bytes", "downloading Inception") as progress:
            for part in response.iter_content(1 << 20):
                stream.write(part)
                progress.advance(len(part))
        _require_size(temporary, ARCHIVE_BYTES)


def _require_size(path: Path, expected: int) -> None:
    size = path.stat().st_size
    if size != expected:
        raise ValueError(f"{size:,} bytes instead of {expected:,}")
