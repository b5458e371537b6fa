import numpy as np
import pytest
from sklearn.svm import LinearSVC

from dcgan_tf.metrics import design
from dcgan_tf.metrics.design import Design, standardised, unscaled
from dcgan_tf.metrics.linear_svm import fit_path
from dcgan_tf.metrics.squared_hinge import objectives
from dcgan_tf.metrics.svm_protocols import COSTS, Labelled, balanced_rows, with_all_labels, with_few_labels

CLASSES, WIDTH = 4, 30


def problem(seed=0, count=400, width=WIDTH, spread=1.5):
    """Overlapping classes, features of different scales beside an offset, one that is constant."""
    centres = np.random.default_rng(99).normal(0, 1, (CLASSES, width))
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, CLASSES, count)
    features = centres[labels] + spread * generator.normal(0, 1, (count, width))
    features = features * np.linspace(0.2, 3, width) + 2.0
    features[:, 7] = 0.25
    return features, labels


@pytest.fixture(params=["one block", "many blocks"])
def blocks(request, monkeypatch):
    if request.param == "many blocks":
        monkeypatch.setattr(design, "PASS_BYTES", 4 * WIDTH * 64)


@pytest.mark.parametrize("cost", [1e-4, 1e-2, 1.0, 100.0])
@pytest.mark.parametrize("in_span", [False, True])
def test_equals_liblinear(blocks, cost, in_span):
    features, labels = problem(count=200)
    expected = LinearSVC(C=cost, loss="squared_hinge", dual=False, tol=1e-10, max_iter=10**5).fit(features, labels)
    (found,) = fit_path(features, labels, [cost], tolerance=1e-13, in_span=in_span)
    weights = np.vstack((expected.coef_.T, expected.intercept_))
    signs = np.where(labels[:, None] == found.classes, 1.0, -1.0)
    np.testing.assert_allclose(
        found.objective, objectives(weights, expected.decision_function(features), signs, cost), rtol=1e-9
    )
    np.testing.assert_allclose(found.weights, expected.coef_.T, atol=1e-5)
    np.testing.assert_allclose(found.bias, expected.intercept_, atol=1e-5)
    np.testing.assert_array_equal(found.predict(features), expected.predict(features))


@pytest.mark.parametrize("count", [20, 90])
def test_few_rows_in_their_span_give_the_same_classifier(count):
    features, labels = problem(1, count, width=120)
    scaling = standardised(problem(2, width=120)[0])
    direct, spanned = (
        fit_path(features, labels, [0.1, 10.0], scaling, tolerance=1e-13, in_span=choice) for choice in (False, True)
    )
    for first, second in zip(direct, spanned, strict=True):
        np.testing.assert_allclose(first.weights, second.weights, atol=1e-5)
        np.testing.assert_allclose(first.bias, second.bias, atol=1e-5)
        np.testing.assert_allclose(first.objective, second.objective, rtol=1e-10)


def test_equal_rows_do_not_stop_the_span():
    features, labels = problem(3, 20, width=60)
    features, labels = np.repeat(features, 3, axis=0), np.repeat(labels, 3)
    (direct,), (spanned,) = (
        fit_path(features, labels, [1.0], tolerance=1e-13, in_span=choice) for choice in (False, True)
    )
    np.testing.assert_allclose(direct.weights, spanned.weights, atol=1e-5)


@pytest.mark.parametrize(("dtype", "rel"), [(np.float32, 1e-3), (np.float16, 1e-2)])
def test_stored_with_fewer_digits(dtype, rel, tmp_path):
    features, labels = problem(4)
    stored = np.lib.format.open_memmap(tmp_path / "features.npy", "w+", dtype, features.shape)
    stored[:] = features
    exact, found = (fit_path(part, labels, [1.0], unscaled(WIDTH), in_span=False)[0] for part in (features, stored))
    np.testing.assert_allclose(found.objective, exact.objective, rtol=rel + 1e-3)
    assert (found.predict(stored) == exact.predict(features)).mean() > 0.98


def test_the_order_of_costs_does_not_matter():
    features, labels = problem(5)
    up, down = (fit_path(features, labels, costs, tolerance=1e-12) for costs in ([0.01, 1.0], [1.0, 0.01]))
    assert [each.cost for each in down] == [1.0, 0.01]
    np.testing.assert_allclose(up[0].weights, down[1].weights)


def test_products_are_those_of_the_scaled_matrix(blocks):
    features = problem(6)[0]
    scaling = standardised(features)
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
    np.testing.assert_allclose(matrix.gram(), scaled @ scaled.T, rtol=1e-9, atol=1e-12)


def test_all_labels_choose_the_cost_without_the_test_images():
    training, test = Labelled(*problem(7, 600)), Labelled(*problem(8, 400))
    found = with_all_labels(training, test, 200)
    assert list(found.validation) == list(COSTS) and found.cost == max(COSTS, key=lambda c: (found.validation[c], -c))
    scaling = standardised(training.features)
    (model,) = fit_path(training.features, training.labels, [found.cost], scaling)
    assert found.value == found.draws[0] == (model.predict(test.features) == test.labels).mean() > 0.8
    assert found.deviation == 0


def test_few_labels_over_draws():
    training, validation, test = (Labelled(*problem(seed, 500)) for seed in (9, 10, 11))

    def accuracy(per_class, seed=0, **settings):
        draws = {"choosing_draws": 3, "draws": 5} | settings
        return with_few_labels(training, validation, test, per_class, np.random.default_rng(seed), **draws)

    few, many = accuracy(3), accuracy(60)
    assert few.value < many.value and len(few.draws) == 5
    assert few.value == pytest.approx(np.mean(few.draws)) and few.deviation == pytest.approx(np.std(few.draws, ddof=1))
    assert few == accuracy(3) != accuracy(3, seed=1)
    assert few.validation[few.cost] == max(few.validation.values())


def test_worse_features_are_less_accurate():
    values = [
        with_all_labels(Labelled(*problem(12, 400, spread=s)), Labelled(*problem(13, 400, spread=s)), 100, [1.0]).value
        for s in (1.0, 3.0, 9.0)
    ]
    assert values == sorted(values, reverse=True)


def test_rows_are_balanced_and_repeat():
    labels = problem(14)[1]
    rows, again = (balanced_rows(labels, 7, np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(rows, again)
    assert len(set(rows.tolist())) == 28 and np.bincount(labels[rows]).tolist() == [7] * CLASSES


def test_what_does_not_fit_is_refused():
    features, labels = problem()
    with pytest.raises(ValueError, match="at least two classes, got"):
        fit_path(features, np.zeros(400, int), [1.0])
    with pytest.raises(ValueError, match="all above 0"):
        fit_path(features, labels, [0.0])
    with pytest.raises(ValueError, match="not finite"):
        fit_path(features * np.nan, labels, [1.0])
    with pytest.raises(ValueError, match="expected 400 integer labels"):
        fit_path(features, labels * 0.5, [1.0])
    with pytest.raises(ValueError, match=r"class 0 has .* rows, 1,000 are needed"):
        balanced_rows(labels, 1000, np.random.default_rng(0))
    part = Labelled(features, labels)
    with pytest.raises(ValueError, match="held_out=400"):
        with_all_labels(part, part, 400)
    with pytest.raises(ValueError, match="scaling=unit"):
        with_all_labels(part, part, 100, scaling="unit")
