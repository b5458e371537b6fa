"""The benchmarks compare like with like: costs counted by hand, the same networks in PyTorch, clear refusals."""

import dataclasses
import time

import pytest

from benchmarks import costs, input_pipeline, long_runs, our_step, serving, serving_memory, train_step, workers
from dcgan_tf import models, presets
from dcgan_tf.cli import console
from dcgan_tf.config import TrainingConfig
from dcgan_tf.exporting.formats import FORMATS
from dcgan_tf.runs import RunDirectory


def test_costs_by_hand():
    model = presets.PRESETS["torch_64"].model
    generator, discriminator = models.build_generator(model), models.build_discriminator(model)
    scale = 8 * 8 * 256 * 4 * 4 * 128  # every inner scale costs the same
    edge = 32 * 32 * 3 * 4 * 4 * 64
    assert costs.forward_costs(generator) == [100 * 4 * 4 * 512, scale, scale, scale, edge]
    assert costs.forward_costs(discriminator) == [edge, scale, scale, scale, 4 * 4 * 512]
    ours = costs.per_image(TrainingConfig(), generator, discriminator, pytorch=False)
    assert ours == 2 * 819_200 + 3 * (3 * scale + edge) + 5 * edge + 7 * (3 * scale + 8192)
    assert ours == pytest.approx(1.03e9, rel=0.01)


@pytest.mark.parametrize(
    ("training", "pytorch", "passes"),
    [
        (TrainingConfig(), False, (3, 7)),
        (TrainingConfig(), True, (3, 9)),
        (TrainingConfig(update="algorithm1"), False, (4, 8)),
        (TrainingConfig(update="algorithm1"), True, (4, 9)),
        (TrainingConfig(update="algorithm1", d_steps=3), False, (6, 20)),
    ],
)
def test_passes(training, pytorch, passes):
    assert costs.passes(training, pytorch) == passes


@pytest.mark.parametrize("name", [name for name, preset in presets.PRESETS.items() if not preset.model.conditional])
def test_pytorch_networks_are_the_same(name):
    torch = pytest.importorskip("torch")
    from benchmarks import torch_step

    preset = presets.PRESETS[name]
    model = preset.config.model
    with torch.device("meta"):
        generator, discriminator = torch_step.build_generator(model), torch_step.build_discriminator(model)
        images = generator(torch.zeros(2, model.latent_dim))
        assert discriminator(images).shape == (2, 1)
    assert images.shape == (2, model.channels, *model.image_size)
    assert torch_step.parameter_count(generator) == preset.generator_parameters
    assert torch_step.parameter_count(discriminator) == preset.discriminator_parameters


def test_conditional_networks_are_measured_without_pytorch(capsys):
    train_step.FLAGS.parse(["train_step"])
    assert not train_step._torch_wanted(presets.PRESETS["mnist_28_conditional"])
    assert "only our own rows" in capsys.readouterr().out


@pytest.mark.parametrize("settings", [{}, {"update": "algorithm1", "d_steps": 2}])
def test_our_task_trains(settings):
    task = our_step.prepare(presets.PRESETS["tiny"].with_settings(settings))
    task.run(2)
    assert task.units == 8 * settings.get("d_steps", 1)
    assert task.facts["parameters"] == (1_624, 720)


def test_pacer():
    done = []
    pacer = workers.Pacer(workers.Task(lambda count: (done.append(count), time.sleep(0.01 * count)), units=5))
    assert done == [1, 1]  # the first is not timed, the second sets the pace
    rate = pacer.turn(0.1)
    assert 2 <= done[2] <= 10
    assert 5 / 0.1 < rate <= 5 / 0.01


@pytest.mark.parametrize(
    ("preset", "parts"),
    [
        pytest.param("--preset=mnist_28_by_class", "all but CAST", marks=pytest.mark.full),
        pytest.param("--preset=tiny", "the whole graph: TFLite float32, TFLite float16", marks=pytest.mark.slow),
    ],
)
def test_serving_measures_every_way(preset, parts, capfd):
    arguments = [preset, "--base_filters=4", "--rounds=1", "--seconds=0.001"]
    code = console.execute(serving.main, serving.FLAGS, ["serving", *arguments])
    out, err = capfd.readouterr()
    assert code == 0, err
    head, _, *rows = [line.strip("| ").split(" | ") for line in out.splitlines() if line.startswith("|")]
    threads = ["1 thread", *([f"{workers.cores()} threads"] if workers.cores() > 1 else [])]
    runtimes = [artefact.name.replace("tflite", "TFLite") for artefact in FORMATS["tflite"].artefacts]
    runtimes += ["ONNX Runtime"] if FORMATS["onnx"].available() else []
    assert [row[0] for row in rows] == [
        serving.BASELINE,
        "Keras, the same in a `tf.function`",
        "Keras file, loaded",
        "SavedModel, TensorFlow 1 session",
        "SavedModel, TensorFlow 1 session, `generate_png`",
        "SavedModel, `tf.saved_model.load`",
        *(f"{runtime}, {count}" for runtime in runtimes for count in threads),
    ]
    assert head[1] == "one image, ms" and rows[0][2::2] == ["1.00", "1.00"]
    for _, milliseconds, faster, rate, ratio in rows:
        assert float(milliseconds) > 0 and float(rate.replace(",", "")) > 0
        assert float(faster) >= 0 and float(ratio) >= 0
    assert f"XNNPACK takes {parts}" in out


@pytest.mark.full
def test_memory_is_measured_for_requests_of_every_size(monkeypatch, tmp_path, capfd):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    monkeypatch.setattr(serving_memory, "apart", lambda function, *arguments: function(*arguments))
    path, config = str(tmp_path / "1"), presets.PRESETS["tiny"].model
    serving_memory._export(dataclasses.replace(config, conditional=True, classes=3), path)
    code = console.execute(serving_memory.main, serving_memory.FLAGS, ["serving_memory", f"--saved_model={path}"])
    out, err = capfd.readouterr()
    assert code == 0, err
    head, _, *rows = [line.strip("| ").split(" | ") for line in out.splitlines() if line.startswith("|")]
    assert head[1:] == ["nothing", "1 image", "largest request", "2 of it at once", "4 of it at once"]
    assert [row[0] for row in rows] == [f"`{name}`, 1,024 images" for name in serving_memory.OUTPUTS]
    for _, *peaks in rows:
        assert all(int(each.replace(",", "")) > 100 for each in peaks)


@pytest.mark.full
def test_long_runs_are_made_up_and_continued(tmp_path):
    run = RunDirectory(tmp_path)
    long_runs.make_up(run, 1000)
    assert len(run.samples_files()) == 5 and len(run.metrics_file.read_text().splitlines()) == 50
    results = long_runs.measure(run, 1000)
    assert len(results) == 7 and all(seconds > 0 and megabytes >= 0 for seconds, megabytes in results.values())
    assert run.animation_file.exists() and run.curves_file.exists()


def test_markdown():
    assert workers.markdown([("a", "bb"), ("ccc", "d")]) == "| a | bb |\n| --- | --- |\n| ccc | d |"
    assert workers.spread([3.0, 1.0, 2.0]) == "2 (1 to 3)"


@pytest.mark.parametrize(
    "module, arguments, message",
    [
        (train_step, ["--rounds=0"], "--rounds=0: it must be at least 1"),
        (train_step, ["--seconds=0"], "--seconds=0: it must be above 0"),
        (train_step, ["--preset=tiny", "--end_to_end=1"], "--end_to_end=1: it must be at least"),
        (input_pipeline, ["--images=0"], "--images=0: it must be at least 1"),
        (input_pipeline, ["--preset=huge"], "--preset=huge"),
        (long_runs, ["--lengths=1000,7"], "--lengths=1000,7: they must be multiples of 500 steps"),
        (serving, ["--rounds=0"], "--rounds=0: it must be at least 1"),
        (serving, ["--run=somewhere", "--preset=tiny"], "--run=somewhere: a run has its own settings"),
    ],
)
def test_wrong_uses(module, arguments, message, capfd):
    assert console.execute(module.main, module.FLAGS, ["benchmark", *arguments]) == 2
    error = capfd.readouterr().err
    assert message in error
    assert "Traceback" not in error
