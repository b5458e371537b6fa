"""A run directory is there once a run is: not for one that failed before its first checkpoint; and its log."""

import logging
from pathlib import Path

import pytest

from dcgan_tf.runs import LogFile, RunDirectory
from dcgan_tf.training import plan, start


@pytest.mark.parametrize("name", ["", "new", "there"])
def test_a_run_that_never_began_leaves_no_directory_that_was_made_for_it(tmp_path, name):
    (tmp_path / "there").mkdir()
    planned = plan.make({}, "tiny", RunDirectory(tmp_path / name) if name else None)
    with pytest.raises(RuntimeError, match="before the first step"), start.opened(planned, str(tmp_path)) as session:
        assert session.directory.exists()
        raise RuntimeError("before the first step")
    assert [path.name for path in tmp_path.iterdir()] == ["there"]


def test_a_log_takes_names_that_are_not_unicode_and_shows_faults_of_lines_but_not_of_the_disk(tmp_path, capsys):
    (tmp_path / "log.txt").write_bytes(b"before\n")
    logger, handler = logging.Logger("of this test"), LogFile(RunDirectory(tmp_path))
    logger.addHandler(handler)
    logger.info("caf\u00e9 %s", b"caf\xe9".decode("utf-8", "surrogateescape"))
    handler.stream.close()
    handler.stream = Path("/dev/full").open("w")  # noqa: SIM115
    logger.info("no space")
    assert not capsys.readouterr().err
    logger.info("%d", "no number")
    assert "TypeError" in capsys.readouterr().err
    handler.stream = None
    before, line = (tmp_path / "log.txt").read_text("utf-8").splitlines()
    assert before == "before" and line.endswith("caf\u00e9 caf\\udce9")
