"""dcgan export: a fast help, the table, the next commands, exit codes."""

import dataclasses
import subprocess
import sys

import pytest

from dcgan_tf.export.formats import FORMATS


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
    entry = FORMATS["saved_model"]
    one_reader = dataclasses.replace(entry.artefacts[0], readers=("saved_model",))
    monkeypatch.setitem(FORMATS, "saved_model", dataclasses.replace(entry, artefacts=(one_reader,)))
    outcome = script("export", f"--run={trained_run}", "--formats=saved_model", f"--out={tmp_path}/my files")
    assert outcome.code == 0 and "exporting digits, ema weights of step 10" in outcome.err
    assert outcome.out.splitlines()[0].split()[:3] == ["file", "read", "with"]
    assert outcome.out.splitlines()[1].split()[-1] == "ok"
    assert f"--model='{tmp_path}/my files/saved_model/digits/1'" in outcome.err
    volume = f"-v '{tmp_path}/my files/saved_model/digits:/models/digits:ro' -e MODEL_NAME=digits"
    assert f"docker run -p 127.0.0.1:8501:8501 {volume} tensorflow/serving:2.20.0" in outcome.err
    assert "dcgan client --url=http://localhost:8501 --model=digits" in outcome.err


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
