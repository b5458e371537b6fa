"""Rows of `evaluations.jsonl`: one for each metric of each judged checkpoint."""

import fcntl
import json
import os
from collections.abc import Iterable
from typing import Any

from dcgan_tf.runs import RunDirectory


def append(run: RunDirectory, rows: Iterable[dict[str, Any]]) -> None:
    """Appends whole rows, even if other processes write at the same time.

    A crash can leave a last line without an end. It is ended before new rows follow, and readers skip it.
    """
    lines = "".join(json.dumps(row) + "\n" for row in rows).encode()
    with run.evaluations_file.open("a+b") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        if stream.tell():
            stream.seek(-1, os.SEEK_END)
            lines = (b"" if stream.read(1) == b"\n" else b"\n") + lines
        stream.write(lines)
        stream.flush()
        os.fsync(stream.fileno())


def read(run: RunDirectory) -> list[dict[str, Any]]:
    """All rows so far, in the order they were written, without lines that are not rows."""
    if not run.evaluations_file.exists():
        return []
    rows = []
    for line in run.evaluations_file.read_text(errors="replace").splitlines():
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            continue
        if isinstance(row, dict) and "metric" in row:
            rows.append(row)
    return rows
