"""The score during training: right order, the same number every time, and copes with any store."""

import numpy as np
import pytest

from dcgan_tf import data
from dcgan_tf.config import Config
from dcgan_tf.training import evaluator
from dcgan_tf.training.diversity import Diversity


class Fixed:
    """Stands for a generator: gives what it was given."""

    def __init__(self, images: np.ndarray):
        self._all = images

    def images(self, first: int, count: int) -> np.ndarray:
        return self._all[first : first + count]

    def blocks(self, first: int, count: int):
        yield from (self.images(start, min(64, first + count - start)) for start in range(first, first + count, 64))


@pytest.fixture(scope="module")
def store():
    source = data.open_source(Config().data)
    return data.prepare_store(source, (16, 16), 1, "center", "")


def candidates(store) -> dict[str, np.ndarray]:
    """From good to ruined."""
    draw = np.random.default_rng(0)
    real = np.asarray(store.images)[draw.integers(0, len(store), 2000)]
    few = real[:10][draw.integers(0, 10, 2000)]
    noisy = np.clip(real + draw.normal(0, 40, real.shape), 0, 255).astype(np.uint8)
    return {"real": real, "noisy": noisy, "ten images": few, "one image": np.repeat(real[:1], 2000, axis=0)}


def test_worse_samples_score_worse(store):
    scorer = evaluator.random_frechet(store)
    values = [scorer.evaluate(Fixed(images))[scorer.score] for images in candidates(store).values()]
    assert values == sorted(values) and scorer.lower_is_better
    assert values[0] < 0.05 * values[1] and values[-1] > 2 * values[1]


def test_diversity_of_real_few_and_one(store):
    measure = Diversity(store)
    found = {name: measure(Fixed(images)) for name, images in candidates(store).items()}
    assert found["real"]["diversity"] == pytest.approx(1, abs=0.05)
    assert found["ten images"]["diversity"] > 0.6 and found["ten images"]["closest"] == 0
    assert found["one image"] == {"diversity": 0.0, "closest": 0.0}


def test_it_repeats_to_the_digit(store):
    images = Fixed(candidates(store)["noisy"])
    first, second = (evaluator.random_frechet(store).evaluate(images) for _ in range(2))
    assert {name: f"{value:.6g}" for name, value in first.items()} == {
        name: f"{value:.6g}" for name, value in second.items()
    }


@pytest.mark.parametrize("shape", [(8, 8, 1), (16, 24, 3), (64, 96, 4), (160, 128, 3)])
def test_features_of_any_size(shape):
    images = np.random.default_rng(0).integers(0, 256, (3, *shape), np.uint8)
    features = evaluator.random_features(*shape)(images)
    assert features.shape == (3, 128) and features.dtype == np.float32 and np.isfinite(features).all()


def test_real_images_are_chosen_once_and_for_all(store):
    chosen = evaluator.chosen_reals(store, "evaluation", 100)
    assert len(set(chosen.tolist())) == 100 and chosen.tolist() == sorted(chosen.tolist())
    assert evaluator.chosen_reals(store.images[:1], "evaluation", 100).tolist() == [0, 0]
