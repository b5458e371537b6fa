"""dcgan export: a fast help, the table, the next commands, exit codes."""

import dataclasses
import subprocess
import sys

import pytest

from dcgan_tf.exporting.formats import FORMATS
from dcgan_tf.exporting.verify import Finding


@pytest.mark.parametrize("arguments", ["--help", "--run=nowhere", "--formats=tfjs", "--weights=best"])
def test_help_and_wrong_flags_need_no_tensorflow(arguments):
    program = f"""
import sys
from dcgan_tf.cli.main import main
main(["export", {arguments!r}])
sys.exit("tensorflow" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", program], capture_output=True).returncode == 0


@pytest.mark.full
def test_the_table_and_the_next_commands(script, trained_run, tmp_path, monkeypatch):
    def verify(self, artefact, reader, path):
        return Finding(artefact.name, reader, 12_340_000, 1e-6, 1e-7, 1e-7, 0, 2.5)

    monkeypatch.setattr("dcgan_tf.exporting.exporter.Verifier.verify", verify)
    outcome = script("export", f"--run={trained_run}", "--formats=saved_model", f"--out={tmp_path}/my files")
    assert outcome.code == 0 and "exporting digits, ema weights of step 10" in outcome.err
    heads, *rows = [line.split() for line in outcome.out.splitlines()]
    assert heads[:3] == ["file", "read", "with"] and len(rows) == len(FORMATS["saved_model"].artefacts[0].readers)
    assert rows[-1] == ["saved_model", "TensorFlow", "1.0e-06", "1.0e-07", "0", "12.34", "2.50", "ok"]
    assert f"--model='{tmp_path}/my files/saved_model/digits/1'" in outcome.err
    volume = f"-v '{tmp_path}/my files/saved_model/digits:/models/digits:ro' -e MODEL_NAME=digits"
    assert f"-p 127.0.0.1:8501:8501 {volume} tensorflow/serving:2.20.0" in outcome.err
    assert "dcgan client --url=http://localhost:8501 --model=digits --wait=60" in outcome.err
    assert "--out" not in outcome.err  # each of these commands works each time


@pytest.mark.full
def test_a_refused_file_ends_in_an_error(script, trained_run, tmp_path, monkeypatch):
    def fails(*_):
        raise ValueError("no such operator\nand more")

    broken = dataclasses.replace(FORMATS["keras"].artefacts[0], write=fails)
    monkeypatch.setitem(FORMATS, "keras", dataclasses.replace(FORMATS["keras"], artefacts=(broken,)))
    outcome = script("export", f"--run={trained_run}", "--formats=keras", f"--out={tmp_path}")
    assert outcome.code == 1 and "REFUSED" in outcome.out
    assert outcome.last_line == (
        "error: keras is refused and not kept: writing it failed: ValueError: no such operator"
    )
