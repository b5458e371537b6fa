"""`import dcgan_tf`, as a person in a notebook uses it."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

import dcgan_tf as dcgan
from dcgan_tf import quiet
from tests import processes

ROOT = Path(__file__).resolve().parent.parent
TINY = {"preset": "tiny", "steps": 6}


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> dcgan.Run:
    return dcgan.train("digits", run=tmp_path_factory.mktemp("runs") / "digits", **TINY)


def test_every_public_name_is_there_and_explained():
    for name in dcgan.__all__:
        assert getattr(dcgan, name).__doc__, name
    assert dir(dcgan) == dcgan.__all__
    with pytest.raises(AttributeError, match="nonsense"):
        _ = dcgan.nonsense


def test_the_users_choice_of_a_backend_for_keras_is_for_other_programs(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    monkeypatch.delitem(sys.modules, "keras")
    quiet.load_tensorflow()
    assert os.environ["KERAS_BACKEND"] == "tensorflow"


def test_importing_is_quiet_and_loads_no_tensorflow():
    program = "import sys, dcgan_tf; assert 'tensorflow' not in sys.modules and 'numpy' not in sys.modules"
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_a_run_tells_what_it_is(run):
    assert run.config.training.steps == run.step == 6 and run.preset == "tiny"
    assert [row["step"] for row in run.history] == [2, 4, 6] and run.scores[-1]["step"] == 6
    assert run.verdict.state == "starting" and run.class_names == tuple("0123456789")
    assert "tiny, step 6 of 6" in repr(run)
    again = dcgan.open_run(str(run.path))
    assert again.config == run.config
    assert run.samples()._repr_png_() == again.samples(6)._repr_png_() != run.samples(0)._repr_png_()
    assert run.reals().pixels.dtype == np.uint8


def test_the_images_of_a_seed_are_those_of_the_command(run, script, tmp_path):
    generator = run.generator()
    assert (generator.step, generator.weights, generator.image_shape) == (6, "ema", (16, 16, 1))
    assert script("generate", f"--run={run.path}", "--seeds=3,14", f"--out={tmp_path}/two.npz").code == 0
    with np.load(tmp_path / "two.npz") as archive:
        assert np.array_equal(archive["images"], generator.images([3, 14]))
    picture = dcgan.grid(generator.images(range(9)))
    picture.save(tmp_path / "grid.png")
    assert script("generate", f"--run={run.path}", "--num=9", f"--out={tmp_path}/other.png").code == 0
    assert (tmp_path / "grid.png").read_bytes() == (tmp_path / "other.png").read_bytes()
    assert generator.model(np.zeros((2, 8), np.float32)).shape == (2, 16, 16, 1)


@pytest.mark.full
def test_training_on_is_exact(run, tmp_path):
    whole = dcgan.train("digits", run=tmp_path / "whole" / "run", preset="tiny", steps=9)
    part = dcgan.train("digits", run=tmp_path / "part" / "run", preset="tiny", steps=5)
    assert part.train(9).step == 9
    processes.assert_bit_equal(whole.path, part.path)
    with pytest.raises(dcgan.UserError, match=r"`batch_size=8` \(not 16\)"):
        part.train(12, batch_size=16)


@pytest.mark.full
def test_a_thread_may_train(tmp_path):
    ended = []
    thread = threading.Thread(target=lambda: ended.append(dcgan.train(run=tmp_path / "run", **TINY)))
    thread.start()
    thread.join()
    assert ended[0].step == 6


@pytest.mark.full
def test_arrays(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (40, 16, 16), np.uint8)
    labels = np.arange(40) % 3
    run = dcgan.train((images, labels), run=tmp_path / "run", conditional=True, **TINY)
    assert run.config.model.classes == 3 and run.generator().images([5], label=2).shape == (1, 16, 16, 1)
    assert run.train(8).step == 8  # the prepared images are in the cache
    assert run.train(9, dataset=(images, labels)).step == 9
    with pytest.raises(dcgan.UserError, match="started with other images"):
        run.train(10, dataset=(images[::-1].copy(), labels))


@pytest.mark.parametrize(
    ("arguments", "kind", "part"),
    [
        ({"dataset": "no/such/folder/"}, FileNotFoundError, "dataset=no/such/folder/: "),
        ({"bath_size": 3}, ValueError, "bath_size=3: there is no such setting; did you mean `batch_size`"),
        ({"preset": "big"}, ValueError, "preset=big: "),
        ({"loss": "hinges"}, ValueError, "loss=hinges: choose one of bce, lsgan"),
        ({"d_steps": 2}, ValueError, "d_steps=2: more than one discriminator update needs `update=algorithm1`"),
    ],
)
def test_errors_are_ordinary_and_name_the_argument(arguments, kind, part):
    with pytest.raises(kind) as caught:
        dcgan.train(**arguments)
    assert part in str(caught.value) and "--" not in str(caught.value)


def test_a_run_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"run=.*: there is no such directory"):
        dcgan.open_run(tmp_path / "none")
    with pytest.raises(FileNotFoundError, match="holds no run"):
        dcgan.evaluate(tmp_path)


def test_an_unknown_option_of_evaluate_is_named(trained_run):
    with pytest.raises(dcgan.ArgumentError, match=r"checkpiont=best: .* no such option; did you mean `checkpoint`"):
        dcgan.evaluate(trained_run, "frechet_100", checkpiont="best")
    with pytest.raises(dcgan.ArgumentError, match=r"gpu=1: .* no such option; choose from cache_dir, checkpoint,"):
        dcgan.evaluate(trained_run, gpu=1)


def networks() -> tuple[keras.Model, keras.Model]:
    """Networks of one's own for 20x20 images, a size that the built-in ones reach in another way."""
    generator = keras.Sequential(
        [
            keras.Input((5,)),
            layers.Dense(5 * 5 * 8, use_bias=False),
            layers.BatchNormalization(synchronized=True),
            layers.ReLU(),
            layers.Reshape((5, 5, 8)),
            layers.UpSampling2D(4, interpolation="bilinear"),
            layers.Conv2D(1, 3, padding="same", activation="tanh"),
        ]
    )
    image = keras.Input((20, 20, 1))
    maps = layers.LeakyReLU()(layers.Conv2D(8, 4, 4)(image))
    return generator, keras.Model(image, layers.Dense(1)(layers.Flatten()(maps)))


def hinge() -> dcgan.Loss:
    """A loss that the package does not have."""
    import tensorflow as tf

    return dcgan.Loss(
        real=lambda logits, target: tf.nn.relu(target - logits[:, 0]),
        fake=lambda logits: tf.nn.relu(1.0 + logits[:, 0]),
        generator=lambda logits: -logits[:, 0],
        realness=lambda logits: tf.sigmoid(logits[:, 0]),
    )


@pytest.mark.full
def test_networks_and_losses_of_ones_own_keep_the_guarantees(tmp_path):
    generator, discriminator = networks()
    own = {"generator": generator, "discriminator": discriminator, "loss": hinge()}
    whole = dcgan.train("digits", run=tmp_path / "whole" / "run", preset="tiny", steps=8, **own)
    part = dcgan.train("digits", run=tmp_path / "part" / "run", preset="tiny", steps=5, **own)
    with pytest.raises(dcgan.ArgumentError, match="pass that `dcgan_tf.Loss` again"):
        part.train(8)
    part.train(8, loss=hinge())  # the networks are kept with the run
    processes.assert_bit_equal(whole.path, part.path)
    assert whole.config.model.image_size == (20, 20) and whole.config.model.latent_dim == 5
    made = dcgan.export(whole, ["keras"], out=tmp_path / "export")
    assert not made.refused
    loaded = dcgan.load_exported(tmp_path / "export" / made.paths["keras"])
    assert np.array_equal(loaded.images(range(5)), whole.generator().images(range(5)))
    assert dcgan.evaluate(whole, "frechet_100")[0]["value"] > 0
    with pytest.raises(dcgan.UserError, match="network of your own"):
        dcgan.evaluate(whole, ["frechet_100"], features="discriminator")


@pytest.mark.slow
def test_networks_of_ones_own_train_alike_on_two_devices(tmp_path):
    program = """
import sys, keras, tensorflow as tf, dcgan_tf as dcgan
parts = [tf.config.LogicalDeviceConfiguration()] * int(sys.argv[2])
tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], parts)
from tests.test_api import hinge, networks
keras.utils.set_random_seed(1)
generator, discriminator = networks()
own = {"generator": generator, "discriminator": discriminator, "loss": hinge()}
dcgan.train("digits", run=sys.argv[1], preset="tiny", steps=8, devices=int(sys.argv[2]), **own)
"""
    for count in (1, 2):
        command = [sys.executable, "-c", program, str(tmp_path / str(count)), str(count)]
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        assert ended.returncode == 0, ended.stderr
    assert processes.largest_difference(tmp_path / "1", tmp_path / "2") < 1e-4


@pytest.mark.full
def test_another_network_than_before_is_refused(tmp_path):
    generator, discriminator = networks()
    run = dcgan.train("digits", run=tmp_path / "run", preset="tiny", steps=2, generator=generator)
    with pytest.raises(dcgan.UserError, match="custom_networks"):
        dcgan.train("digits", run=run.path, preset="tiny", steps=3, discriminator=discriminator)
    other = keras.Sequential([keras.Input((5,)), layers.Dense(400, activation="tanh"), layers.Reshape((20, 20, 1))])
    with pytest.raises(dcgan.UserError, match="another network"):
        dcgan.train("digits", run=run.path, preset="tiny", steps=3, generator=other)
