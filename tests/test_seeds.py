import numpy as np
import pytest

from dcgan_tf import seeds
from dcgan_tf.errors import ArgumentError
from dcgan_tf.models import latent


@pytest.mark.parametrize("law", ("uniform", "normal"))
def test_latents_follow_their_law(law):
    z = latent.draw(3, "latents", 5, 20_000, 4, law).numpy()
    assert z.shape == (20_000, 4) and z.dtype == np.float32
    variance = {"uniform": 1 / 3, "normal": 1.0}[law]
    assert abs(z.mean()) < 0.02 and abs(z.var() - variance) < 0.02
    if law == "uniform":
        assert z.min() >= -1 and z.max() <= 1


def test_latents_are_a_function_of_seed_stream_and_counter():
    def draw(seed, stream, counter):
        return latent.draw(seed, stream, counter, 4, 8, "normal").numpy()

    reference = draw(1, "latents", 7)
    assert np.array_equal(reference, draw(1, "latents", 7))
    for other in [(2, "latents", 7), (1, "other", 7), (1, "latents", 8)]:
        assert not np.array_equal(reference, draw(*other))


def test_the_stream_is_the_same_for_ever():
    """Published pictures and checkpoints depend on these numbers."""
    assert seeds.stream_key(0, "latents") == 1657846295
    z = latent.draw(0, "latents", 1, 1, 3, "normal").numpy()
    np.testing.assert_allclose(z, [[-0.9115867, 0.87258816, -0.49569046]], rtol=1e-6)
    assert seeds.generator(0, "order", 1).permutation(6).tolist() == [1, 4, 5, 3, 2, 0]


@pytest.mark.parametrize("law", ("uniform", "normal"))
def test_the_latent_of_an_image_depends_on_its_own_seed_alone(law):
    together = latent.of_seeds(np.array([5, 17, 2**40]), 6, law).numpy()
    alone = latent.of_seeds(np.array([17]), 6, law).numpy()
    assert together.shape == (3, 6)
    assert np.array_equal(together[1], alone[0])
    assert not np.array_equal(together[0], together[1])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("17", [17]),
        ("0-3", [0, 1, 2, 3]),
        ("3,14,15", [3, 14, 15]),
        ("0-2,20", [0, 1, 2, 20]),
        (" 5 , 7 - 8 ", [5, 7, 8]),
        ("3,3", [3, 3]),
        (str(2**62), [2**62]),
    ],
)
def test_seeds_as_a_person_writes_them(text, expected):
    assert list(seeds.parse(text)) == expected


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "not understood"),
        ("1,,2", "'' is not understood"),
        ("-1", "not understood"),
        ("1e3", "not understood"),
        ("٣", "not understood"),
        ("5-3", "backwards"),
        (str(2**62 + 1), "2^62"),
        ("0-999999999999", "at most 100,000,000"),
    ],
)
def test_other_texts_are_refused(text, part):
    with pytest.raises(ArgumentError) as caught:
        seeds.parse(text)
    assert part in str(caught.value) and str(caught.value).startswith(f"seeds={text}: ")
