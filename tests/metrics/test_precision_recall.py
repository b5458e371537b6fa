import numpy as np
import pytest
from scipy.spatial.distance import cdist

from dcgan_tf.metrics import arrays, distances
from dcgan_tf.metrics.precision_recall import neighborhoods


def features(seed, count=200, scale=1.0):
    return (scale * np.random.default_rng(seed).normal(0, 1, (count, 5))).astype(np.float32)


def brute_force(real, generated, k=3, k_density=5):
    """As the definitions read, from whole tables of distances."""
    within = lambda x, k: np.sort(cdist(x, x), axis=1)[:, k]  # noqa: E731 - column 0 is the vector itself
    cross = cdist(real, generated)
    inside = cross <= within(real, k_density)[:, None]
    return (
        (cross <= within(real, k)[:, None]).any(axis=0).mean(),
        (cross <= within(generated, k)).any(axis=1).mean(),
        inside.sum() / (k_density * len(generated)),
        inside.any(axis=1).mean(),
    )


@pytest.fixture(params=["one block", "many blocks"])
def blocks(request, monkeypatch):
    if request.param == "many blocks":
        monkeypatch.setattr(distances, "BUFFER_BYTES", 8 * 200 * 17)
        monkeypatch.setattr(arrays, "BLOCK_BYTES", 8 * 5 * 13)


@pytest.mark.parametrize(("count", "scale"), [(200, 1.0), (150, 0.5), (90, 2.0)])
def test_equals_brute_force(blocks, count, scale):
    real, generated = features(0), features(1, count, scale)
    assert neighborhoods(real, generated) == pytest.approx(brute_force(real, generated), rel=1e-12)


def test_distances_equal_those_of_scipy_beside_a_large_offset(blocks):
    first, second = features(2).astype(np.float64) + 1e4, features(3, 120).astype(np.float64) + 1e4
    found = np.concatenate([part.copy() for _, part in distances.distance_blocks(first, second)])
    np.testing.assert_allclose(np.sqrt(found), cdist(first, second), rtol=1e-9)


def test_noise_costs_precision_and_lost_modes_cost_recall():
    real, samples, noise = features(6, 800), features(7, 800), features(8, 800)
    noisy = [neighborhoods(real, samples + level * noise) for level in (0, 1, 3)]
    assert noisy[0].precision > noisy[1].precision > noisy[2].precision
    assert noisy[0].density > noisy[1].density > noisy[2].density
    lost = [neighborhoods(real, samples * [width, 1, 1, 1, 1]) for width in (1, 0.3, 0)]
    assert lost[0].recall > lost[1].recall > lost[2].recall
    assert lost[0].coverage > lost[1].coverage > lost[2].coverage


def test_the_same_set_twice_is_wholly_inside():
    found = neighborhoods(features(9), features(9))
    assert found.precision == found.recall == found.coverage == 1


def test_wrong_arguments():
    with pytest.raises(ValueError, match="real features: 5 rows are too few, at least 6"):
        neighborhoods(features(0, 5), features(1))
    with pytest.raises(ValueError, match="rows of 4 values, 5 are needed"):
        neighborhoods(features(0), features(1)[:, :4])
    with pytest.raises(ValueError, match="generated features: values that are not finite"):
        neighborhoods(features(0), features(1) * np.nan)
