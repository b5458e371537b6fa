import pytest

from dcgan_tf.errors import UserError
from dcgan_tf.evaluation.scratch import scratch


def test_a_full_disk(tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 10}))
    with pytest.raises(UserError, match="make room"):
        scratch(tmp_path, (1 << 20, 100), "float32")
