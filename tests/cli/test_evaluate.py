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
        outcome = script("evaluate", f"--run={run}", "--metrics=frechet_100, precision_100", "--checkpoint=5",
                         "--seed=5", "--weights=raw")  # fmt: skip
    assert outcome.code == 0, outcome.err
    assert outcome.out.count("frechet_100") == 1 and "generation" in outcome.out and "lower" in outcome.out
    assert "not comparable with published FID" in outcome.err
    assert "next:" in outcome.err and "--out" not in outcome.err and "evaluations.png" in outcome.err
    rows = [json.loads(line) for line in (run / "evaluations.jsonl").read_text().splitlines()]
    assert [(row["step"], row["seed"], row["weights"]) for row in rows] == [(5, 5, "raw")] * 2


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
    assert rows[0]["metric"] == "linear_svm_5_per_class" and rows[0]["draws"] == 2 and rows[0]["deviation"] > 0
    assert "trained on these very images of digits" in rows[0]["discriminator"]


def test_the_list_and_wrong_values_need_no_tensorflow():
    code = """import sys
from dcgan_tf.cli.main import main
assert main(["evaluate", "--metrics=list"]) == 0
assert main(["evaluate", "--run=none"]) == main(["evaluate", "--run=none", "--metrics=fid"]) == 2
sys.exit("tensorflow" in sys.modules)"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for name in ("frechet_10k", "kernel_50k", "nearest_neighbor_10m", "linear_svm", "copies_10k"):
        assert name in done.stdout
