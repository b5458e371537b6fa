"""One trajectory on one device and on several."""

import pytest

from tests import processes

TOLERANCE = 1e-4  # relative to the largest value of each variable, after 20 steps; about 1e-6 is what is seen

SETTINGS = [
    ("--update=algorithm1", "--d_steps=2", "--l2=1e-3", "--flip", "--decay_start=5", "--decay_steps=20"),
    pytest.param(("--loss=lsgan", "--steps_per_execution=5", "--projection=unit_norm"), marks=pytest.mark.slow),
]


@pytest.mark.parametrize("settings", SETTINGS, ids=" ".join)
def test_one_two_and_four_replicas_follow_one_trajectory(tmp_path, settings):
    common = ("--preset=tiny", "--steps=20", *settings)
    started = [processes.start(*common, f"--run={tmp_path}/{devices}", f"--devices={devices}") for devices in (1, 2, 4)]
    for process in started:
        processes.finish(process)
    for devices in (2, 4):
        difference = processes.largest_difference(tmp_path / "1", tmp_path / str(devices))
        assert 0 < difference < TOLERANCE  # other devices sum in another order: equal bits would mean it ran on one


def test_labels_go_with_their_images(tmp_path):
    common = ("--preset=tiny", "--steps=20", "--conditional")
    started = [processes.start(*common, f"--run={tmp_path}/{devices}", f"--devices={devices}") for devices in (1, 2)]
    for process in started:
        processes.finish(process)
    assert 0 < processes.largest_difference(tmp_path / "1", tmp_path / "2") < TOLERANCE


def test_a_run_goes_on_with_another_number_of_devices(tmp_path):
    common = ("--preset=tiny", "--checkpoint_every=10")
    whole = processes.start(*common, "--steps=20", f"--run={tmp_path}/whole")
    for steps, devices in ((10, 2), (20, 4)):
        arguments = (*common, f"--steps={steps}", f"--devices={devices}", f"--run={tmp_path}/parts")
        processes.finish(processes.start(*arguments))
    processes.finish(whole)
    assert processes.largest_difference(tmp_path / "whole", tmp_path / "parts") < TOLERANCE


def test_a_batch_that_does_not_divide_names_the_nearest_that_does(tmp_path):
    process = processes.start("--preset=tiny", "--devices=3", f"--run={tmp_path}/run")
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 2
    assert output.strip() == "error: --batch_size=8: it must divide by 3 devices; the nearest is 9"
    assert not (tmp_path / "run").exists()
