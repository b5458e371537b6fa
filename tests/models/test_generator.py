import numpy as np
import pytest

from dcgan_tf import models, presets
from dcgan_tf.errors import ArgumentError
from dcgan_tf.models.generator import class_number

CONFIG = presets.PRESETS["tiny"].model


@pytest.fixture(scope="module")
def generator() -> models.Generator:
    made = models.Generator(CONFIG)
    made.load(models.named_variables(models.build_generator(CONFIG, seed=3), trainable_only=True))
    return made


def test_an_image_depends_on_its_seed_alone(generator):
    images = generator.images(range(60, 70))
    assert images.shape == (10, 16, 16, 1) and images.dtype == np.uint8 and images.std() > 0
    assert np.array_equal(generator.images([67, 3, 61])[[0, 2]], images[[7, 1]])
    assert np.array_equal(generator.images([67, 67]), images[[7, 7]])
    assert [len(block) for block in generator.blocks(range(60, 200))] == [4, 64, 64, 8]


def test_seeds_that_there_are_not(generator):
    for wrong in ([], [-1], [2**62 + 1], range(-3, 3)):
        with pytest.raises(ArgumentError, match="^seeds="):
            generator.images(wrong)


def test_a_class_by_name_or_number():
    names = ["cat", "dog"]
    assert [class_number(label, names) for label in ("cat", "dog", "0", 1)] == [0, 1, 0, 1]
    assert class_number("1", ["10", "9", "1"]) == 2  # a name goes before a number
    for wrong in ("2", 2, -1, "x", ""):
        with pytest.raises(ArgumentError, match="^label=.*choose one of 0 cat, 1 dog"):
            class_number(wrong, names)
    with pytest.raises(ArgumentError, match=r"up to 99"):
        class_number("x", [str(index) for index in range(100)])


def test_a_generator_without_classes_takes_no_label(generator):
    with pytest.raises(ArgumentError, match="without classes"):
        generator.images(range(3), label=0)
