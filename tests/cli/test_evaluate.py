"""`dcgan evaluate` as its user meets it."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from threadpoolctl import threadpool_limits

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.mark.full
def test_tables_rows_and_the_next_command(script, trained_run, tmp_path):
    run = shutil.copytree(trained_run, tmp_path / "run")
    with threadpool_limits(1, "blas"):
        outcome = script("evaluate", f"--run={run}", "--metrics=frechet_100, precision_100", "--checkpoint=all",
                         "--seed=5", "--weights=raw")  # fmt: skip
    assert outcome.code == 0, outcome.err
    assert outcome.out.count("frechet_100") == 3 and "generation" in outcome.out and "lower" in outcome.out
    assert "not comparable with published FID" in outcome.err
    assert "next:" in outcome.err and "evaluations.png" in outcome.err
    rows = [json.loads(line) for line in (run / "evaluations.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [0, 0, 5, 5, 10, 10]
    assert all((row["seed"], row["weights"]) == (5, "raw") for row in rows)


@pytest.mark.full
def test_costs_labels_and_controls(script, trained_run, tmp_path):
    run = shutil.copytree(trained_run, tmp_path / "run")
    arguments = ["--metrics=linear_svm", "--labels_per_class=5", "--draws=2", "--costs=0.5,1", "--controls"]
    with threadpool_limits(1, "blas"):
        outcome = script("evaluate", f"--run={run}", *arguments)
    assert outcome.code == 0, outcome.err
    assert "raw pixels" in outcome.out and "untrained discriminator" in outcome.out
    rows = [json.loads(line) for line in (run / "evaluations.jsonl").read_text().splitlines()]
    assert [set(row["validation"]) for row in rows] == [{"0.5", "1"}] * 3


def test_the_list_of_metrics(script):
    outcome = script("evaluate", "--metrics=list")
    assert outcome.code == 0
    for name in ("frechet_10k", "kernel_50k", "nearest_neighbor_10m", "linear_svm", "copies_10k"):
        assert name in outcome.out


@pytest.mark.parametrize(
    "arguments", [["--metrics=list"], ["--help"], ["--metrix=a"], ["--run=none"], ["--run=none", "--metrics=fid"]]
)
def test_help_lists_and_wrong_flags_load_no_tensorflow(arguments):
    code = "import sys; from dcgan_tf.cli.main import main; main(sys.argv[1:]); sys.exit('tensorflow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code, "evaluate", *arguments], cwd=ROOT, capture_output=True)
    assert done.returncode == 0
