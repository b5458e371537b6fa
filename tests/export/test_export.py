"""export.py as its user meets it."""

import dataclasses
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import yaml

from dcgan_tf.errors import UserError
from dcgan_tf.export import exporter, reader
from dcgan_tf.export.cpp_session import INVALID_ARGUMENT, CppSession, SessionError
from dcgan_tf.export.formats import FORMATS, Format
from dcgan_tf.export.opened import ExportedGenerator
from tests.export.conftest import NAME


def test_every_format_is_written_proved_and_reported(exported, report):
    available = [entry for entry in FORMATS.values() if entry.available()]
    artefacts = [artefact for entry in available for artefact in entry.artefacts]
    found = [(finding["artefact"], finding["reader"]) for finding in report["findings"]]
    assert found == [(artefact.name, name) for artefact in artefacts for name in artefact.readers]
    for finding in report["findings"]:
        limit = next(artefact.limit for artefact in artefacts if artefact.name == finding["artefact"])
        assert not finding["problem"] and finding["bytes"] > 0 and finding["largest"] <= limit.largest
        assert finding["operators"] or finding["reader"] not in ("saved_model_v1", "tflite", "keras", "onnx")
        assert finding["ms_per_image"] or finding["reader"] == "saved_model_cli"
    assert all((exported / path).exists() for path in report["files"].values())
    assert not list(exported.glob(".export-*"))


def test_the_model_card_has_the_hubs_form_and_names_files_that_exist(exported, report):
    text = (exported / "README.md").read_text()
    _, metadata, body = text.split("---\n", 2)
    metadata = yaml.safe_load(metadata)
    assert metadata["library_name"] == "keras" and "dcgan" in metadata["tags"] and "datasets" not in metadata
    assert all(f"`{path}`" in body for path in report["files"].values())
    assert '"preset": "tiny"' in body and (exported / "samples.png").is_file()


def test_what_the_model_card_says_about_loading_runs(exported):
    """The Python blocks, typed one after another in the export folder by someone without this package."""
    blocks = (exported / "README.md").read_text().split("```python\n")[1:]
    code = "\n".join(block.split("```")[0] for block in blocks)
    light = "from ai_edge_litert.interpreter import Interpreter  # pip install ai-edge-litert"
    assert light in code
    code = code.replace(light, "Interpreter = tf.lite.Interpreter")
    ended = subprocess.run([sys.executable, "-I", "-c", code], cwd=exported, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr[-2000:]


@pytest.mark.parametrize("artefact", ["saved_model", "tflite float32", "keras", "onnx"])
def test_an_exported_file_makes_the_images_of_the_run(artefact, script, exported, report, trained, tmp_path):
    if artefact not in report["files"]:
        pytest.skip(f"the packages for {artefact} are not installed")
    path = exported / report["files"][artefact]
    out = tmp_path / "some.npz"
    assert script("generate", f"--model={path}", "--seed=17", "--num=70", f"--out={out}").code == 0
    with np.load(out) as found:
        difference = np.abs(found["images"].astype(int) - trained.images(range(17, 87)).astype(int))
    assert difference.max() <= 1


def test_every_file_says_what_it_is(exported, report):
    for path in report["files"].values():
        found = ExportedGenerator(exported / path).description.to_dict()
        assert json.loads(json.dumps(found)) == report["description"]


def test_the_next_export_is_the_next_version_and_keeps_what_a_person_wrote(script, trained_run, exported, tmp_path):
    out = tmp_path / "twice"
    for _ in range(2):
        assert script("export", f"--run={trained_run}", "--formats=keras", f"--out={out}", "--name=mine").code == 0
    assert sorted(path.name for path in (out / "keras" / "mine").iterdir()) == ["1", "2"]
    assert "keras/mine/2/mine.keras" in (out / "README.md").read_text()
    history = json.loads((out / "export.json").read_text())["exports"]
    assert [entry["version"] for entry in history] == [2, 1]
    (out / "README.md").write_text("my own words")
    assert script("export", f"--run={trained_run}", "--formats=keras", f"--out={out}", "--name=mine").code == 0
    assert (out / "README.md").read_text() == "my own words" and "mine/3" in (out / "README-3.md").read_text()


def test_raw_weights_and_earlier_checkpoints_can_be_exported(script, trained_run, tmp_path, trained):
    outcome = script(
        "export", f"--run={trained_run}", "--formats=keras", f"--out={tmp_path}", "--weights=raw", "--checkpoint=5"
    )
    assert outcome.code == 0 and "raw weights of step 5" in outcome.err
    description = ExportedGenerator(tmp_path / "keras" / NAME / "1" / f"{NAME}.keras").description
    assert (description.weights, description.step) == ("raw", 5)


def test_the_card_tells_what_the_generator_was_judged_to_be(script, trained_run, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(trained_run, run)
    rows = [
        {
            "metric": "frechet_10k",
            "value": 12.5,
            "samples": 10_000,
            "extractor": "classifier",
            "step": step,
            "control": None,
        }
        for step in (5, 10)
    ]
    rows[0]["value"] = 99.5
    (run / "evaluations.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert script("export", f"--run={run}", "--formats=keras").code == 0
    text = (run / "export" / "README.md").read_text()
    assert "| frechet_10k | classifier | 12.5 | 10,000 |" in text and "99.5" not in text


@pytest.fixture(scope="module")
def session(exported):
    """The exported SavedModel in the C++ loader."""
    session = CppSession(exported / "saved_model" / NAME / "1")
    yield session
    session.close()


def test_every_warm_up_request_is_one_that_the_model_answers(session, exported):
    prediction_log_pb2 = pytest.importorskip("tensorflow_serving.apis.prediction_log_pb2")
    path = exported / "saved_model" / NAME / "1" / "assets.extra" / "tf_serving_warmup_requests"
    asked = []
    for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
        request = prediction_log_pb2.PredictionLog.FromString(record).predict_log.request
        inputs = {name: tf.make_ndarray(value) for name, value in request.inputs.items()}
        (output,) = session.run(request.model_spec.signature_name, inputs).values()
        asked.append((request.model_spec.name, request.model_spec.signature_name, len(output)))
    assert asked == [(NAME, signature, count) for signature in ("generate_png", "generate") for count in (1, 64)]


def seeds(*values):
    return np.array(values, np.int64)


def test_the_served_image_of_a_seed_is_the_one_of_generate(session, trained):
    expected = trained.images(range(64))
    images = session.run("generate", {"seed": seeds(17, 3, 63)})["images"]
    assert images.dtype == np.uint8 and np.abs(images.astype(int) - expected[[17, 3, 63]]).max() <= 1


BAD_SEEDS = [([], "from 1 to 256"), ([0] * 257, "from 1 to 256"), ([-1], "a seed is from 0 to 2.62")]


@pytest.mark.parametrize("signature", ["generate", "generate_png"])
@pytest.mark.parametrize(("values", "text"), BAD_SEEDS)
def test_bad_seeds_are_refused_by_the_graph_in_words(session, signature, values, text):
    refused(session, signature, text, seed=seeds(*values))


BAD_LATENTS = [(0, 0.0, "from 1 to 256"), (257, 0.0, "from 1 to 256"), (2, np.nan, "finite"), (2, np.inf, "finite")]


@pytest.mark.parametrize(("count", "value", "text"), BAD_LATENTS)
def test_bad_latents_are_refused_by_the_graph_in_words(session, trained, count, value, text):
    z = np.full((count, trained.config.latent_dim), value, np.float32)
    refused(session, "serving_default", text, z=z)


def test_latents_of_the_wrong_length_are_refused(session):
    refused(session, "serving_default", None, z=np.zeros((1, 3), np.float32))


BAD_WALKS = [
    ([0], [1], [10**9], "from 2 to 256"),
    ([0], [1], [1], "from 2 to 256"),
    ([0, 1], [1], [3], "give one number"),
    ([-5], [1], [3], "start: a seed is from 0"),
]


@pytest.mark.parametrize(("start", "end", "steps", "text"), BAD_WALKS)
def test_bad_walks_are_refused_by_the_graph_in_words(session, start, end, steps, text):
    refused(session, "interpolate", text, start=seeds(*start), end=seeds(*end), steps=np.array(steps, np.int32))


def refused(session, signature, text, **inputs):
    with pytest.raises(SessionError, match=text) as caught:
        session.run(signature, inputs)
    assert caught.value.code == INVALID_ARGUMENT
    assert session.run("generate", {"seed": seeds(1)})["images"].shape[0] == 1  # it lives


def test_scalars_and_rows_of_one_both_ask_for_a_walk(session):
    rows = session.run("interpolate", {"start": seeds(3), "end": seeds(4), "steps": np.array([5], np.int32)})
    scalars = session.run("interpolate", {"start": np.int64(3), "end": np.int64(4), "steps": np.int32(5)})
    assert rows["png_bytes"].tolist() == scalars["png_bytes"].tolist() and len(rows["png_bytes"]) == 5


def test_the_same_request_gives_the_same_bytes_in_two_processes_without_keras(exported, tmp_path, trained):
    requests = tmp_path / "requests.npz"
    np.savez(requests, z=np.ones((2, trained.config.latent_dim), np.float32), seed=np.arange(9))
    answers = []
    for name in ("first", "second"):
        path, model = tmp_path / f"{name}.npz", exported / "saved_model" / NAME / "1"
        command = [sys.executable, "-I", reader.__file__, "saved_model", str(model), str(requests), str(path)]
        assert subprocess.run(command, capture_output=True).returncode == 0
        with np.load(path) as found:
            answers.append({key: found[key].tobytes() for key in found.files if key != "facts"})
    assert answers[0] == answers[1] and {"images", "generated", "png_bytes", "path_png_bytes"} <= set(answers[0])


def test_a_folder_that_another_export_writes_to_is_left_alone(script, trained_run, tmp_path):
    with exporter._locked(tmp_path):
        outcome = script("export", f"--run={trained_run}", "--formats=keras", f"--out={tmp_path}")
    assert outcome.code == 1 and "another export is writing there" in outcome.last_line
    assert not list(tmp_path.iterdir())


def test_a_converter_that_fails_costs_its_own_format_only(script, trained_run, tmp_path, monkeypatch):
    def fails(*_):
        raise AttributeError("module 'numpy' has no attribute 'object'")

    broken = dataclasses.replace(FORMATS["onnx"].artefacts[0], write=fails)
    monkeypatch.setitem(FORMATS, "onnx", Format((broken,)))
    outcome = script("export", f"--run={trained_run}", "--formats=onnx,keras", f"--out={tmp_path}")
    assert outcome.code == 1 and "onnx is refused" in outcome.last_line and "AttributeError" in outcome.last_line
    assert (tmp_path / "keras" / NAME / "1" / f"{NAME}.keras").is_file() and not (tmp_path / "onnx").exists()


def test_moves_are_undone_when_a_later_one_fails(tmp_path):
    for name in ("a", "b", "there"):
        (tmp_path / name).mkdir()
    (tmp_path / "there" / "file").touch()
    with pytest.raises(UserError, match="somebody has just put something there"):
        exporter._move([(tmp_path / "a", tmp_path / "x"), (tmp_path / "b", tmp_path / "there")])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b", "there"]


@pytest.mark.parametrize("artefact", ["saved_model", "tflite float16", "keras", "onnx"])
def test_a_damaged_file_is_answered_in_one_line(artefact, script, exported, report, tmp_path):
    if artefact not in report["files"]:
        pytest.skip(f"the packages for {artefact} are not installed")
    source = exported / report["files"][artefact]
    path = tmp_path / source.name
    if source.is_dir():
        shutil.copytree(source, path)
        damaged = path / "saved_model.pb"
    else:
        damaged = Path(shutil.copy(source, path))
    content = damaged.read_bytes()
    for length in (len(content) // 2, 100):
        damaged.write_bytes(content[:length])
        outcome = script("generate", f"--model={path}", f"--out={tmp_path}/grid.png")
        assert outcome.code == 2 and "damaged, or not a file" in outcome.last_line, outcome.err
