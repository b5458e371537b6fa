"""One device and several give the same run, up to rounding."""

import pytest

from tests import processes

TOLERANCE = 1e-4  # relative to the largest value of each variable, after 20 steps; typical is 1e-6

SETTINGS = [
    ("--update=algorithm1", "--d_steps=2", "--l2=1e-3", "--flip", "--decay_start=5", "--decay_steps=20"),
    pytest.param(("--loss=lsgan", "--steps_per_execution=5", "--projection=unit_norm"), marks=pytest.mark.slow),
]


@pytest.mark.full
@pytest.mark.parametrize("settings", SETTINGS, ids=" ".join)
def test_one_two_and_four_devices_give_one_run(tmp_path, settings):
    """Four from the beginning; two for half of the steps, then four."""
    common = ("--preset=tiny", "--conditional", "--checkpoint_every=10", *settings)
    arguments = {devices: (*common, f"--devices={devices}") for devices in (1, 2, 4)}
    one, four = (
        processes.start(*arguments[devices], "--steps=20", f"--run={tmp_path}/{devices}") for devices in (1, 4)
    )
    processes.finish(processes.start(*arguments[2], "--steps=10", f"--run={tmp_path}/parts"))
    processes.finish(processes.start(*arguments[4], "--steps=20", f"--run={tmp_path}/parts"))
    for process in (one, four):
        processes.finish(process)
    differences = [processes.largest_difference(tmp_path / "1", tmp_path / other) for other in ("4", "parts")]
    assert all(0 < difference < TOLERANCE for difference in differences), differences
    assert differences[0] != differences[1]  # devices sum in another order: equal bits would mean it ran on one
