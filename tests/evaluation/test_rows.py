import json

from dcgan_tf import runs
from dcgan_tf.evaluation import rows


def test_rows_are_whole_lines_even_after_a_crash(tmp_path):
    run = runs.RunDirectory(tmp_path)
    rows.append(run, [{"metric": "a", "value": 1.0}])
    with run.evaluations_file.open("a") as stream:
        stream.write('{"metric": "cut o')
    rows.append(run, [{"metric": "b", "value": 2.0}, {"metric": "c", "value": 3.0}])
    assert [row["metric"] for row in rows.read(run)] == ["a", "b", "c"]
    assert json.loads(run.evaluations_file.read_text().splitlines()[-1]) == {"metric": "c", "value": 3.0}
