"""Rows of long runs: cut where a run continues, read from the end, thinned alike however often it was stopped."""

import json

import pytest

from dcgan_tf.training.row_file import RowFile, Thinned


@pytest.fixture
def rows(tmp_path):
    """A file with the rows of the steps 0 to 999."""
    file = RowFile(tmp_path / "rows.jsonl")
    file.path.write_text("".join(json.dumps({"step": step}) + "\n" for step in range(1000)))
    return file


def steps(file: RowFile) -> list[int]:
    return [row["step"] for row in file]


@pytest.mark.parametrize("last", [-1, 0, 500, 998])
def test_rows_of_later_steps_are_cut_off(rows, last):
    rows.cut(lambda row: row["step"] <= last)
    assert steps(rows) == list(range(last + 1))
    rows.append({"step": "next"})
    assert steps(rows) == [*range(last + 1), "next"]


@pytest.mark.parametrize("rest", [b'{"step": 1000, "d_lo', b"\0" * 5000, b"\n", b"\n\n17\n"])
def test_what_a_crash_left_is_cut_off(rows, rest):
    before = rows.path.read_bytes()
    rows.path.write_bytes(before + rest)
    assert steps(rows) == list(range(1000)) and rows.last(1) == [{"step": 999}]
    rows.cut(lambda row: True)
    assert rows.path.read_bytes() == before


def test_a_file_with_nothing_to_remove_is_not_written(rows):
    rows.path.chmod(0o444)
    before = rows.path.stat()
    rows.cut(lambda row: row["step"] < 1000)
    assert rows.path.stat().st_mtime_ns == before.st_mtime_ns and rows.path.stat().st_ino == before.st_ino


def test_a_last_line_without_its_end_is_kept(tmp_path):
    file = RowFile(tmp_path / "edited.jsonl")
    file.path.write_text('{"step": 1}\n{"step": 2}')
    file.cut(lambda row: True)
    file.append({"step": 3})
    assert steps(file) == [1, 2, 3]


def test_no_file_has_no_rows(tmp_path):
    file = RowFile(tmp_path / "none.jsonl")
    file.cut(lambda row: False)
    assert list(file) == file.last(5) == file.thinned(5).items == [] and not file.path.exists()


@pytest.mark.parametrize(("count", "found"), [(0, []), (1, [999]), (3, [997, 998, 999]), (2000, list(range(1000)))])
def test_the_last_rows(rows, count, found):
    assert [row["step"] for row in rows.last(count)] == found


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 16, 17, 1000, 12345])
def test_thinning_keeps_a_few_evenly_and_the_last(count):
    thinned = Thinned(8)
    for item in range(count):
        thinned.add(item)
    kept = thinned.items
    assert kept == sorted({*range(0, count, thinned.stride), *range(count)[-1:]})
    assert len(kept) <= 9 and (count <= 8) == (kept == list(range(count)) and thinned.stride == 1)


@pytest.mark.parametrize("stopped", [1, 8, 9, 500, 1000])
def test_thinning_does_not_depend_on_stops(rows, stopped):
    whole = rows.thinned(8)
    rows.cut(lambda row: row["step"] < stopped)
    parts = rows.thinned(8)
    for step in range(stopped, 1000):
        parts.add({"step": step})
    assert parts.items == whole.items and parts.stride == whole.stride
