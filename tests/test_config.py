import dataclasses
import json

import pytest

from dcgan_tf import presets
from dcgan_tf.config import Config, ModelConfig, all_settings
from dcgan_tf.errors import ArgumentError


def test_setting_names_are_unique_and_explained():
    names = [item.name for item in all_settings()]
    assert len(names) == len(set(names))
    assert all(len(item.metadata["text"]) > 10 for item in all_settings())


@pytest.mark.parametrize("preset", presets.PRESETS)
def test_a_configuration_survives_json(preset):
    config = presets.PRESETS[preset]
    assert Config.from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_a_configuration_from_before_a_setting_was_renamed_opens():
    stored = Config().with_settings({"latent_distribution": "uniform"}).to_dict()
    stored["model"]["latent_law"] = stored["model"].pop("latent_distribution")
    assert Config.from_dict(stored).model.latent_distribution == "uniform"


def test_settings_are_replaced_by_name_in_their_section():
    config = Config().with_settings({"batch_size": 16, "loss": "lsgan", "image_size": (64, 96)})
    assert (config.training.batch_size, config.loss.loss, config.model.image_size) == (16, "lsgan", (64, 96))
    with pytest.raises(KeyError, match="nonsense"):
        config.with_settings({"nonsense": 1})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("batch_size", 1),
        ("learning_rate", 0.0),
        ("learning_rate", float("nan")),
        ("beta_1", 1.0),
        ("loss", "wasserstein"),
        ("augment", "colour"),
        ("d_norm", "layer"),
        ("channels", 2),
        ("label_smoothing", 0.5),
        ("ema_decay", -0.1),
        ("image_size", (30, 30)),
    ],
)
def test_a_value_out_of_range_is_refused_by_name(name, value):
    with pytest.raises(ArgumentError, match=f"^{name}="):
        Config().with_settings({name: value})


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"d_steps": 2}, "d_steps=2.*update=algorithm1"),
        ({"r1": 1.0}, "r1=1.0.*batch norm couples.*d_norm=none"),
        ({"r1": 1.0, "d_norm": "none", "precision": "mixed_float16"}, "r1=1.0.*float16.*mixed_bfloat16"),
        ({"r1_every": 16}, "r1_every=16.*set `r1`"),
        ({"loss": "hinge", "label_smoothing": 0.1}, "label_smoothing=0.1.*margin.*loss=bce"),
        ({"conditioning": "projection"}, "conditioning=projection.*no labels.*`conditional`"),
        ({"discriminator_layers": 2, "layers_per_scale": 2}, "discriminator_layers=2.*layers_per_scale=2"),
    ],
    ids=lambda value: ",".join(value) if isinstance(value, dict) else "",
)
def test_settings_that_exclude_each_other_are_refused(settings, line):
    with pytest.raises(ArgumentError, match=f"^{line}"):
        Config().with_settings(settings)


def test_a_run_from_before_the_settings_against_instability_is_the_same():
    stored = Config().to_dict()
    newer = {
        "model": ("d_norm", "discriminator_layers", "conditioning"),
        "loss": ("r1", "r1_every"),
        "optimizer": ("discriminator_learning_rate",),
        "training": ("augment",),
    }
    for section, names in newer.items():
        for name in names:
            del stored[section][name]
    assert Config.from_dict(stored).differences(Config()) == []


def test_what_a_preset_augments_can_be_switched_off_by_a_word():
    augmenting = Config().with_settings({"augment": "cutout,color"})
    assert augmenting.text("augment") == "color,cutout"
    assert augmenting.with_settings({"augment": "none"}) == Config() == augmenting.with_settings({"augment": ""})
    assert Config().text("augment") == "none", "a dry run shows what can be typed"


def test_only_settings_that_affect_results_count_as_differences():
    free = {"steps": 7, "log_every": 3, "sample_every": 9, "keep_checkpoints": 1, "steps_per_execution": 5}
    bound = {"batch_size": 32, "seed": 5, "latent_distribution": "uniform"}
    assert Config().differences(Config().with_settings(free)) == []
    assert sorted(Config().differences(Config().with_settings(bound))) == sorted(bound)


def test_sections_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        ModelConfig().latent_dim = 3


def test_a_setting_as_text_is_exact_and_what_a_flag_takes():
    given = {"image_size": (64, 96), "flip": True, "l2": 1.0, "learning_rate": 0.00012345678, "dataset": "photos-1.0"}
    config = Config().with_settings(given)
    assert [config.text(name) for name in given] == ["64x96", "true", "1", "0.00012345678", "photos-1.0"]
