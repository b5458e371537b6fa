"""The score during training: the right order, the same number every time, images of any size."""

import numpy as np
import pytest

from dcgan_tf import checkpoints, data
from dcgan_tf.config import Config
from dcgan_tf.models.trained import load_generator
from dcgan_tf.runs import RunDirectory
from dcgan_tf.training import evaluator
from dcgan_tf.training.diversity import Diversity, distances


class Fixed:
    """Stands for a generator: image number n has seed n."""

    def __init__(self, images: np.ndarray):
        self._all = images

    def images(self, seeds) -> np.ndarray:
        return self._all[list(seeds)]

    def blocks(self, seeds):
        yield from (self.images(seeds[start : start + 64]) for start in range(0, len(seeds), 64))


@pytest.fixture(scope="module")
def store():
    source = data.open_source(Config().data)
    return data.prepare_store(source, (16, 16), 1, "center", "")


@pytest.fixture(scope="module")
def candidates(store) -> dict[str, np.ndarray]:
    """From good to ruined."""
    draw = np.random.default_rng(0)
    real = np.asarray(store.images)[draw.integers(0, len(store), 2000)]
    few = real[:10][draw.integers(0, 10, 2000)]
    noisy = np.clip(real + draw.normal(0, 40, real.shape), 0, 255).astype(np.uint8)
    return {"real": real, "noisy": noisy, "ten images": few, "one image": np.repeat(real[:1], 2000, axis=0)}


def test_worse_samples_score_worse(store, candidates):
    scorer = evaluator.random_frechet(store)
    values = [scorer.evaluate(Fixed(images))[scorer.score_name] for images in candidates.values()]
    assert values == sorted(values) and scorer.lower_is_better
    assert values[0] < 0.05 * values[1] and values[-1] > 2 * values[1]


def test_a_score_repeats_to_the_digit(store, candidates):
    scores = [evaluator.random_frechet(store).evaluate(Fixed(candidates["noisy"])) for _ in range(2)]
    first, second = ({name: f"{value:.6g}" for name, value in score.items()} for score in scores)
    assert first == second


def test_diversity_of_real_few_and_one(store, candidates):
    diversity = Diversity(store)
    ratios = {name: diversity(Fixed(images)) for name, images in candidates.items()}
    assert ratios["real"]["diversity"] == pytest.approx(1, abs=0.05)
    assert ratios["ten images"]["diversity"] > 0.6 and ratios["ten images"]["closest"] == 0
    assert ratios["one image"] == {"diversity": 0.0, "closest": 0.0}


def test_distances_against_a_loop_over_pairs():
    images = np.random.default_rng(0).integers(0, 256, (7, 4, 5, 3), np.uint8)
    flat = images.reshape(7, -1).astype(float)
    apart = np.array([[np.linalg.norm(one - other) for other in flat] for one in flat])
    unit = np.mean([np.std(row) for row in flat]) * np.sqrt(60)
    mean, closest = distances(images)
    assert mean == pytest.approx(apart.sum() / 42 / unit)
    assert closest == pytest.approx((apart + np.diag([np.inf] * 7)).min(axis=1).mean() / unit)
    assert distances(np.repeat(images[:1], 5, axis=0)) == (0.0, 0.0)
    assert distances(np.zeros((3, 4, 4, 1), np.uint8)) == (0.0, 0.0)


@pytest.mark.parametrize("shape", [(8, 8, 1), (16, 24, 3), (160, 128, 4)])
def test_features_of_any_size(shape):
    images = np.random.default_rng(0).integers(0, 256, (3, *shape), np.uint8)
    features = evaluator.random_features(*shape)(images)
    assert features.shape == (3, 128) and features.dtype == np.float32 and np.isfinite(features).all()


def test_the_reference_images_are_a_fixed_sample(store):
    indices = evaluator.reference_indices(store, "evaluation", 100)
    assert len(set(indices.tolist())) == 100 and indices.tolist() == sorted(indices.tolist())
    assert evaluator.reference_indices(store.images[:1], "evaluation", 100).tolist() == [0, 0]


def test_the_best_checkpoint_generates(trained_run):
    directory = RunDirectory(trained_run)
    best = load_generator(directory, "best")
    assert best.step == checkpoints.best_score(directory).step
    assert np.array_equal(best.images(range(2)), load_generator(directory, best.step).images(range(2)))
