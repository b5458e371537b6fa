"""The digits of scikit-learn."""

from pathlib import Path

import sklearn.datasets

from dcgan_tf import data
from dcgan_tf.data.sources.digits import Digits


def test_all_is_imported_and_read_before_there_is_a_folder(tmp_path, monkeypatch):
    """So a signal during the import, which ends the process, leaves nothing."""
    load, there = sklearn.datasets.load_digits, []

    def watched():
        there.extend(Path(tmp_path).iterdir())
        return load()

    monkeypatch.setattr("sklearn.datasets.load_digits", watched)
    store = data.prepare_store(Digits(), (8, 8), 1, "center", str(tmp_path))
    assert len(store) == 1797 and there == []
