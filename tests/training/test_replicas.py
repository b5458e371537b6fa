"""One device and several give the same run, up to rounding."""

import pytest

from tests import processes

TOLERANCE = 1e-4  # relative to the largest value of each variable, after 20 steps; typical is 1e-6

SETTINGS = [
    ("--update=algorithm1", "--d_steps=2", "--l2=1e-3", "--flip", "--decay_start=5", "--decay_steps=20"),
    pytest.param(
        (
            "--loss=hinge",
            "--d_norm=spectral",
            "--r1=10",
            "--r1_every=4",
            "--augment=color,translation,cutout",
            "--conditioning=projection",
            "--discriminator_learning_rate=4e-4",
        ),
        marks=pytest.mark.slow,
    ),
    pytest.param(("--loss=lsgan", "--steps_per_execution=5", "--projection=unit_norm"), marks=pytest.mark.slow),
]


@pytest.mark.full
@pytest.mark.parametrize("settings", SETTINGS, ids=" ".join)
def test_one_two_and_four_devices_give_one_run(tmp_path, settings):
    """Two devices for half of the steps, then four."""
    common = ("--preset=tiny", "--conditional", "--checkpoint_every=10", "--evaluate_every=0", *settings)
    one = processes.start(*common, "--steps=20", f"--run={tmp_path}/one")
    for steps, devices in ((10, 2), (20, 4)):
        arguments = (*common, f"--steps={steps}", f"--devices={devices}", f"--run={tmp_path}/parts")
        processes.finish(processes.start(*arguments))
    processes.finish(one)
    for step in (10, 20):  # devices sum in another order: equal bits would mean that it ran on one
        assert 0 < processes.largest_difference(tmp_path / "one", tmp_path / "parts", step) < TOLERANCE
