import numpy as np
import pytest
from sklearn.svm import LinearSVC

from dcgan_tf.metrics import linear_svm
from dcgan_tf.metrics.linear_svm import Design, fit_path, predictions, standardizing

CLASSES, WIDTH = 4, 30


def problem(seed=0, count=400, width=WIDTH, spread=1.5):
    """Overlapping classes, features of different scales beside an offset, one that is constant."""
    centers = np.random.default_rng(99).normal(0, 1, (CLASSES, width))
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, CLASSES, count)
    features = centers[labels] + spread * generator.normal(0, 1, (count, width))
    features = features * np.linspace(0.2, 3, width) + 2.0
    features[:, 7] = 0.25
    return features, labels


def objectives(weights, features, labels, cost):
    """What is minimized, for each class; weights [d + 1, classes], the bias last."""
    signs = np.where(labels[:, None] == np.unique(labels), 1.0, -1.0)
    violation = np.maximum(0, 1 - signs * (features @ weights[:-1] + weights[-1]))
    return 0.5 * np.square(weights).sum(axis=0) + cost * np.square(violation).sum(axis=0)


@pytest.fixture(params=["one block", "many blocks"])
def blocks(request, monkeypatch):
    if request.param == "many blocks":
        monkeypatch.setattr(linear_svm, "PASS_BYTES", 4 * WIDTH * 64)


@pytest.mark.parametrize("cost", [1e-4, 1e-2, 1.0, 100.0])
def test_equals_liblinear(blocks, cost):
    features, labels = problem(count=200)
    expected = LinearSVC(C=cost, loss="squared_hinge", dual=False, tol=1e-10, max_iter=10**5).fit(features, labels)
    (found,) = fit_path(features, labels, [cost], tolerance=1e-13)
    weights = np.vstack((expected.coef_.T, expected.intercept_))
    values = [objectives(each, features, labels, cost) for each in (found.weights, weights)]
    np.testing.assert_allclose(*values, rtol=1e-9)
    np.testing.assert_allclose(found.weights, weights, atol=1e-5)
    np.testing.assert_array_equal(predictions([found], features)[:, 0], expected.predict(features))


def test_more_features_than_rows_and_equal_rows():
    features, labels = problem(1, 20, width=120)
    features, labels = np.repeat(features, 3, axis=0), np.repeat(labels, 3)
    expected = LinearSVC(C=0.1, loss="squared_hinge", dual=False, tol=1e-10, max_iter=10**5).fit(features, labels)
    (found,) = fit_path(features, labels, [0.1], tolerance=1e-13)
    np.testing.assert_allclose(found.weights[:-1], expected.coef_.T, atol=1e-5)


@pytest.mark.parametrize(("dtype", "rel"), [(np.float32, 1e-3), (np.float16, 1e-2)])
def test_stored_with_fewer_digits(dtype, rel, tmp_path):
    features, labels = problem(4)
    stored = np.lib.format.open_memmap(tmp_path / "features.npy", "w+", dtype, features.shape)
    stored[:] = features
    exact, found = (fit_path(part, labels, [1.0])[0] for part in (features, stored))
    values = [objectives(each.weights, features, labels, 1.0) for each in (exact, found)]
    np.testing.assert_allclose(*values, rtol=rel + 1e-3)
    assert (predictions([found], stored) == predictions([exact], features)).mean() > 0.98


def test_the_order_of_costs_does_not_matter():
    features, labels = problem(5)
    up, down = (fit_path(features, labels, costs, tolerance=1e-12) for costs in ([0.01, 1.0], [1.0, 0.01]))
    np.testing.assert_allclose(up[0].weights, down[1].weights)
    assert (np.abs(up[0].weights) < np.abs(up[1].weights)).mean() > 0.5


def test_products_are_those_of_the_scaled_matrix(blocks):
    features = problem(6)[0]
    scaling = standardizing(features)
    scaled = np.column_stack(((features - scaling.center) * scaling.factor, np.ones(len(features))))
    assert np.square(scaled[:, :-1]).sum(axis=1).mean() == pytest.approx(1)
    np.testing.assert_allclose(scaled[:, 7], 0, atol=1e-12)
    np.testing.assert_allclose(np.delete(scaled[:, :-1], 7, axis=1).std(axis=0), 1 / np.sqrt(WIDTH - 1))
    matrix, generator = Design(features, scaling), np.random.default_rng(0)
    v, r, mask = (generator.normal(size=(n, 3)) for n in (WIDTH + 1, len(features), len(features)))
    np.testing.assert_allclose(matrix.times(v), scaled @ v, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(matrix.transposed_times(r), scaled.T @ r, rtol=1e-9, atol=1e-10)
    curved, scores = matrix.normal_times(v, mask)
    np.testing.assert_allclose(scores, scaled @ v, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(curved, scaled.T @ (mask * (scaled @ v)), rtol=1e-9, atol=1e-10)


def test_wrong_arguments():
    features, labels = problem()
    with pytest.raises(ValueError, match="at least two classes, got"):
        fit_path(features, np.zeros(400, int), [1.0])
    with pytest.raises(ValueError, match="all above 0"):
        fit_path(features, labels, [0.0])
    with pytest.raises(ValueError, match="not finite"):
        fit_path(features * np.nan, labels, [1.0])
    with pytest.raises(ValueError, match="expected 400 integer labels"):
        fit_path(features, labels * 0.5, [1.0])
