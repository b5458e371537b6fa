"""Samples that are the test images themselves give no errors; noisy ones give more than real ones."""

from dcgan_tf.evaluation import FIRST_SEED, table_3
from tests.evaluation.conftest import RealGenerator


def test_errors_of_generated_and_of_real_images(digits):
    judge = table_3.prepare(["nearest_neighbor_1k", "nearest_neighbor_4096"], digits, digits, FIRST_SEED)
    few, many, control = judge(RealGenerator(digits))
    assert many["value"] <= few["value"] and many["value"] < 0.02
    assert (control["value"], control["samples"], control["control"]) == (0.0, 1797, "real training images")
    assert all(row["rate_share"] > 0 and row["images_per_second"] > 0 for row in (few, many, control))
    noisy = judge(RealGenerator(digits, noise=120))
    assert noisy[0]["value"] > few["value"] and noisy[0]["seconds"]["generation"] > 0
