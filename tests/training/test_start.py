"""A run directory is there once a run is: not for one that failed before its first checkpoint."""

import pytest

from dcgan_tf.runs import RunDirectory
from dcgan_tf.training import plan, start


@pytest.mark.parametrize("named", [False, True])
def test_a_run_that_never_began_leaves_no_numbered_directory(tmp_path, named):
    planned = plan.make({}, "tiny", RunDirectory(tmp_path / "mine") if named else None)
    with pytest.raises(RuntimeError, match="before the first step"), start.opened(planned, str(tmp_path)) as session:
        assert session.directory.exists()
        raise RuntimeError("before the first step")
    assert [path.name for path in tmp_path.iterdir()] == (["mine"] if named else [])
