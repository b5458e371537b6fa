"""What the tests of the data have in common: small images made on the spot, and stores in a temporary cache."""

import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dcgan_tf import data
from dcgan_tf.config import DataConfig

REPOSITORY = Path(__file__).parents[2]


def pixels(height: int, width: int, channels: int = 3, seed: int = 0) -> np.ndarray:
    """uint8 noise [height, width, channels]."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, channels), np.uint8)


def save(path: Path, picture, **options) -> Path:
    """Writes an array or a Pillow image; makes the folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(picture, np.ndarray):
        picture = Image.fromarray(picture[..., 0] if picture.ndim == 3 and picture.shape[-1] == 1 else picture)
    picture.save(path, **options)
    return path


def png(picture: np.ndarray) -> bytes:
    """A PNG file of an array [height, width, 3]."""
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "PNG")
    return stream.getvalue()


@pytest.fixture
def cache(tmp_path) -> str:
    return str(tmp_path / "cache")


@pytest.fixture
def photos(tmp_path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    return folder


@pytest.fixture
def three(photos):
    """A folder of three images of 8x8."""
    for number in range(3):
        save(photos / f"{number}.png", pixels(8, 8, seed=number))
    return photos


@pytest.fixture
def stored(cache):
    """Prepares the store of a path or array: stored(path, size=(8, 8), channels=3, crop="center")."""

    def prepare(images, size=(8, 8), channels=3, crop="center"):
        source = open_path(images, cache) if isinstance(images, (str, Path)) else data.open_source(images)
        return data.prepare_store(source, size, channels, crop, cache)

    return prepare


def open_path(path, cache_dir: str = "") -> data.Source:
    return data.open_source(DataConfig(dataset=str(path), cache_dir=cache_dir))


@pytest.fixture
def tfds_dir() -> str:
    """Prepared MNIST and CIFAR-10."""
    folder = os.environ.get("TFDS_DATA_DIR") or str(REPOSITORY.parent / "shared" / "data" / "tensorflow_datasets")
    if not (Path(folder) / "mnist").is_dir():
        pytest.skip("no prepared TensorFlow Datasets: set TFDS_DATA_DIR to where mnist and cifar10 are")
    return folder
