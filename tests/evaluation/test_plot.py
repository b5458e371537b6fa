from dcgan_tf import runs
from dcgan_tf.evaluation import plot


def test_steps_are_drawn_and_controls_are_not(tmp_path):
    run = runs.RunDirectory(tmp_path)
    plot.draw(run, [{"metric": "a", "value": 1.0, "step": 1, "control": "raw pixels"}])
    assert not run.evaluations_picture.exists()
    line = {"metric": "frechet_10k", "extractor": "classifier-1", "weights": "ema", "deviation": None}
    plot.draw(run, [line | {"value": value, "step": 5 * value} for value in (1, 2, 3)])
    assert run.evaluations_picture.read_bytes()[:4] == b"\x89PNG"
