"""Maps that draw something are found, and dropping them changes images where they draw."""

import sys

import numpy as np
import pytest

from dcgan_tf.errors import ArgumentError, UserError
from dcgan_tf.explore import Box, boxes_around, feature_dropout, generator_responses, write_boxes
from dcgan_tf.explore.feature_dropout import changes, fitted_selection, random_maps, select_maps
from dcgan_tf.explore.parts.split import SplitGenerator

MODULE = sys.modules["dcgan_tf.explore.feature_dropout"]  # `explore.feature_dropout` is the function


def test_the_change_is_measured_where_the_map_is_active(spotted):
    split = SplitGenerator(spotted, "up1")
    points = split.renderer.points(range(70))
    active = split.activations(points)[..., 0] > 0
    reached = np.pad(active, ((0, 0), (1, 1), (1, 1)))  # kernels of 4 at stride 2 paint half a position further
    reached = np.max([reached[:, y : y + 8, x : x + 8] for y in range(3) for x in range(3)], axis=0)
    places = np.kron(reached, np.ones((2, 2), bool))
    before, after = split.images(points), split.images(points, np.arange(4) != 0)
    found = changes(before, after, places)
    assert 0.1 < reached.mean() < 0.9 and found.elsewhere == 0.0
    assert found.inside == pytest.approx(np.abs(before - after)[places].mean(), rel=1e-5) and found.inside > 0.01
    assert np.isnan(changes(before, after, np.ones_like(places)).elsewhere)


def planted(images=6, rows=40):
    """Map 2 is larger inside, map 4 smaller, map 5 never active, map 3 on another scale; the others know nothing."""
    random = np.random.default_rng(0)
    inside, outside = (random.normal(size=(images, rows, 6)).astype(np.float32) for _ in range(2))
    inside[..., 2] += 4.0
    inside[..., 4] -= 2.0
    for each in (inside, outside):
        each[..., 5] = 0.0
        each[..., 3] = 1e3 * each[..., 3] + 1e4
    return list(inside), list(outside)


def test_the_regression_finds_a_planted_map():
    inside, outside = planted()
    found = fitted_selection(inside, outside)
    assert found.weights.argmax() == 2 and found.weights.argmin() == 4 and found.weights[5] == 0.0
    assert found.selected[2] and not found.selected[[4, 5]].any()
    assert np.flatnonzero(found.strongest(1)).tolist() == [2] and (found.strongest(1000) == found.selected).all()
    assert found.accuracy > 0.95
    named = np.concatenate([found.inside(np.array(inside)).ravel(), ~found.inside(np.array(outside)).ravel()])
    assert named.mean() > 0.95


def test_what_cannot_be_told_is_guessed():
    """In each image the positions of a side are alike and mean nothing for others: an image learned from is known."""
    random = np.random.default_rng(1)
    inside, outside = ([row + 0.01 * random.normal(size=(20, 40)) for row in random.normal(size=(8, 40))] for _ in "ab")
    assert 0.3 < fitted_selection(inside, outside).accuracy < 0.7
    alone = fitted_selection(
        [random.normal(size=(50, 3)) for _ in range(6)], [random.normal(size=(5, 3)) for _ in range(6)]
    )
    assert 0.4 < alone.accuracy < 0.6  # naming the larger part would be right in 91%


def test_positions_in_boxes_are_compared_with_others_of_the_same_images(
    monkeypatch, conditional_generator, conditional_renderer
):
    split, given = SplitGenerator(conditional_generator, "up1"), {}
    monkeypatch.setattr(
        MODULE, "fitted_selection", lambda inside, outside: given.update(inside=inside, outside=outside)
    )  # fmt: skip
    # 8x8 positions of 2 pixels. The first three lie in the image of seed 4, whose own class is 1.
    drawn = [Box(4, 0, 0, 4, 4), Box(4, 2, 2, 6, 4, label=1), Box(4, 0, 0, 2, 2), Box(4, 0, 0, 16, 14, label=2)]
    select_maps(split, drawn)
    own, other = split.activations(conditional_renderer.points([(4, 1), (4, 2)]))
    np.testing.assert_allclose(
        given["inside"][0], np.stack([own[y, x] for y, x in [(0, 0), (0, 1), (1, 0), (1, 1), (1, 2)]]), atol=1e-6
    )
    np.testing.assert_allclose(given["inside"][1], other[:7].reshape(-1, 4), atol=1e-6)
    np.testing.assert_allclose(given["outside"][1], other[7], atol=1e-6)  # fewer than 56: all
    rest = [tuple(row.round(4)) for row in own.reshape(64, 4)]
    chosen = [rest.index(tuple(row.round(4))) for row in given["outside"][0]]
    assert len(set(chosen)) == 5 and not {0, 1, 8, 9, 10} & set(chosen)
    first = given["outside"][0]
    select_maps(split, drawn)
    assert (first == given["outside"][0]).all()
    select_maps(split, drawn, seed=1)
    assert (first != given["outside"][0]).any()


def test_from_boxes_to_the_map_that_draws_what_is_in_them(spotted, tmp_path):
    """Automatic boxes where map 0 is active; the regression names it, and without it the boxes change most."""
    pairs = [(seed, seed % 3) for seed in range(60)]
    split = SplitGenerator(spotted, "up1")
    responses = generator_responses(spotted, "up1", 0, split.renderer.points(pairs))
    boxes = boxes_around(responses, pairs, (16, 16), 20)
    found = feature_dropout(spotted, boxes, range(100, 130), layer="up1", drop=1)
    selection = found.selection
    assert selection.weights.argmax() == 0 and selection.accuracy > 0.8
    assert found.dropped.tolist() == [True, False, False, False] and found.change.inside > 3 * found.change.elsewhere
    points = split.renderer.points(range(100, 130))
    np.testing.assert_array_equal(found.before, split.images(points))
    np.testing.assert_array_equal(found.after, split.images(points, ~found.dropped))
    places = np.kron(selection.inside(split.activations(points)), np.ones((2, 2), bool))
    assert found.change == changes(found.before, found.after, places)
    expected = [
        changes(found.before, split.images(points, ~random_maps(found.dropped, seed)), places) for seed in range(10)
    ]
    assert list(found.controls) == expected
    assert found.summary.startswith(f"up1: {selection.selected.sum()} of 4 maps respond inside of 20 boxes, 1 are")
    write_boxes(tmp_path / "boxes.json", boxes)
    again = feature_dropout(spotted, tmp_path / "boxes.json", range(100, 130), layer="up1", drop=1)
    assert again.summary == found.summary


def test_pixels_outside_of_boxes_are_dimmed(generator, renderer):
    boxes = [Box(3, 2, 4, 6, 12), Box(5, 0, 0, 16, 8)]
    shown, images = feature_dropout(generator, boxes, [7]).box_images, renderer.pixels(renderer.points([3, 5]))
    np.testing.assert_array_equal(shown[0, 4:12, 2:6], images[0, 4:12, 2:6])
    np.testing.assert_array_equal(shown[1, 8:], images[1, 8:] // 3 + 85)


def test_boxes_that_teach_nothing(generator):
    split = SplitGenerator(generator, "project")
    with pytest.raises(UserError, match="all boxes lie in one image, that of seed 3: draw some in others as well"):
        select_maps(split, [Box(3, 0, 0, 4, 4), Box(3, 8, 8, 12, 12)])
    with pytest.raises(UserError, match="image of seed 5 cover all 16 positions of the layer project: draw smaller"):
        select_maps(split, [Box(3, 0, 0, 4, 4), Box(5, 0, 0, 16, 16)])


def test_at_least_one_map_is_dropped(generator):
    with pytest.raises(ArgumentError, match="drop=0: it must be at least 1"):
        feature_dropout(generator, [Box(3, 0, 0, 4, 4), Box(5, 0, 0, 4, 4)], drop=0)


def test_the_control_drops_as_many():
    selected = np.arange(100) < 30
    found = random_maps(selected)
    assert found.dtype == bool and found.sum() == 30 and 0 < (found & selected).sum() < 30
    assert (found == random_maps(selected)).all() and (found != random_maps(selected, 1)).any()
