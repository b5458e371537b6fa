"""What a run shows: curves for people, TensorBoard, and nothing that grows with its length."""

import json

import matplotlib.figure
import numpy as np
import pytest
from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator

from benchmarks import long_runs
from dcgan_tf import images, presets
from dcgan_tf.runs import RunDirectory
from dcgan_tf.training import curves, health, tensorboard
from dcgan_tf.training.reporting import Reporter, write_reals


def directory(path) -> RunDirectory:
    made = RunDirectory(path)
    made.create()
    made.write_config(presets.PRESETS["tiny"], {"preset": "tiny", "data": {"checksum": ""}, "versions": {}})
    write_reals(made, np.zeros((4, 8, 8, 1), np.uint8))
    return made


def with_rows(path, steps: int) -> RunDirectory:
    """A run with a row and a score every 10 steps."""
    made = directory(path)
    wave = [(np.sin(step / 90) + 1) / 2 for step in range(0, steps + 1, 10)]
    rows = [long_runs.row(10 * index, value, value, 1 - value) for index, value in enumerate(wave)]
    scores = [long_runs.score(10 * index, value, value, value) for index, value in enumerate(wave)]
    made.metrics_file.write_text("".join(json.dumps(row) + "\n" for row in rows[1:]))
    made.scores_file.write_text("".join(json.dumps(score) + "\n" for score in scores))
    return made


@pytest.fixture
def drawn(monkeypatch):
    """The figures that are drawn, not written, as (number of points by label, all texts)."""
    figures = []

    def record(self, path, **options):
        lines = {line.get_label(): len(line.get_xdata()) for axes in self.axes for line in axes.get_lines()}
        texts = [axes.get_title("left") + axes.get_ylabel() + axes.get_xlabel() for axes in self.axes]
        figures.append((lines, " ".join([*texts, *lines])))
        path.write_bytes(b"")

    monkeypatch.setattr(matplotlib.figure.Figure, "savefig", record)
    return figures


def test_curves_of_a_long_run_have_few_points(tmp_path, drawn):
    reporter = Reporter(with_rows(tmp_path / "run", 50_000), 50_000, provisional=False)
    reporter.curves()
    ((lines, text),) = drawn
    assert all(curves.MOST_POINTS / 2 <= points <= curves.MOST_POINTS + 1 for points in lines.values())
    assert "one report in 4 is drawn" in text


def test_curves_of_an_ordinary_run_have_all_points_and_labels_in_words(tmp_path, drawn):
    run = with_rows(tmp_path / "run", 5000)
    run.best_dir.mkdir()
    run.best_checkpoint_file(2500).write_bytes(b"")
    best = {"step": 2500, "name": curves.FRECHET_RANDOM, "value": 1.5}
    run.best_checkpoint_file(2500).with_suffix(".json").write_text(json.dumps(best))
    Reporter(run, 5000, provisional=False).curves()
    ((lines, text),) = drawn
    assert lines.pop("best checkpoint, step 2,500") == 1
    assert set(lines.values()) == {500, 501} and "is drawn" not in text and "lower is better" in text
    assert not any(name in text for name in ("d_loss", "d_real", "closest", "diversity", curves.FRECHET_RANDOM))


def test_curves_do_not_depend_on_stops(tmp_path):
    whole, parts = with_rows(tmp_path / "whole" / "run", 25_000), with_rows(tmp_path / "parts" / "run", 25_000)
    lost = list(map(json.loads, parts.metrics_file.read_text().splitlines()[-12:]))
    lost_scores = list(map(json.loads, parts.scores_file.read_text().splitlines()[-12:]))
    reporter = Reporter(parts, lost[0]["step"] - 1, provisional=False)
    for row, score in zip(lost, lost_scores, strict=True):
        reporter.row(row)
        reporter.score(score)
    reporter.curves()
    Reporter(whole, 25_000, provisional=False).curves()
    assert parts.curves_file.read_bytes() == whole.curves_file.read_bytes()


def events(run: RunDirectory) -> EventAccumulator:
    return EventAccumulator(str(run.tensorboard_dir), {"tensors": 0}).Reload()


def test_tensorboard_shows_curves_pictures_settings_and_health_once(tmp_path):
    run = directory(tmp_path / "run")
    for start, end in ((-1, 400), (300, 500)):  # rows after step 300 were lost, and are made again
        reporter = Reporter(run, start, provisional=False)
        for step in range(max(0, start) + 20, end + 1, 20):
            row = long_runs.row(step, 0.5, 0.5, 0.5)
            row["health"] = reporter.verdict(row).state
            reporter.row(row)
        reporter.samples(end, np.zeros((4, 8, 8, 1), np.uint8))
        reporter.score(long_runs.score(end, 0.5, 0.5, 0.5))
        reporter.curves()
    found = events(run)
    tags = {tag: [event.step for event in found.Tensors(tag)] for tag in found.Tags()["tensors"]}
    assert tags.pop("settings") == [0, 300] and tags.pop("training images") == [0]
    assert tags.pop("health") == [200] and tags.pop("samples") == [500]
    scores = {f"samples/{name}" for name in ("frechet_random_conv_2k", "diversity", "closest")}
    assert {tag: tags.pop(tag) for tag in scores} == {tag: [500] for tag in scores}
    assert tags == {tag: list(range(20, 501, 20)) for tag in tensorboard.CURVES.values()}
    (text,) = found.Tensors("health")[0].tensor_proto.string_val
    assert text.decode() == str(health.Verdict(health.HEALTHY))
    assert b"| batch_size | 8 |" in found.Tensors("settings")[0].tensor_proto.string_val[0]


def test_the_animation_opens_no_more_pictures_than_it_shows(tmp_path, monkeypatch):
    run, opened = directory(tmp_path / "run"), set()
    images.write_png(run.samples_file(0), np.zeros((8, 8, 1), np.uint8))
    for step in range(1, 3001):
        run.samples_file(step).hardlink_to(run.samples_file(0))
    open_picture = images.Image.open
    monkeypatch.setattr(images.Image, "open", lambda path: (opened.add(path), open_picture(path))[1])
    Reporter(run, 3000, provisional=False).close()
    assert len(opened) < 100 + 20  # and those among which the first of the same size is searched
    with open_picture(run.animation_file) as movie:
        assert movie.n_frames <= 100
