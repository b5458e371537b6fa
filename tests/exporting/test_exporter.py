"""Exports of runs: every file verified and described, versions, and what becomes of failures."""

import dataclasses
import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
import yaml
from PIL import Image

from dcgan_tf import exporting, runs
from dcgan_tf.errors import ArgumentError, UserError
from dcgan_tf.exporting import export_folder, reader
from dcgan_tf.exporting.formats import FORMATS
from dcgan_tf.models.trained import load_generator
from tests import processes

NAME = "digits"  # of the tiny preset's data set
pytestmark = pytest.mark.full


@pytest.fixture(scope="module")
def directory(trained_run):
    return runs.RunDirectory(trained_run)


@pytest.fixture(scope="module")
def exported(directory, tmp_path_factory):
    """The tiny run in every format whose packages are installed."""
    return exporting.export_run(directory, out=tmp_path_factory.mktemp("export"))


@pytest.fixture(scope="module")
def report(exported):
    """The same, as `export.json` has it."""
    return json.loads((exported.out / "export.json").read_text())["exports"][0]


def test_every_format_is_written_verified_and_reported(exported, report):
    artefacts = [artefact for entry in FORMATS.values() if entry.available() for artefact in entry.artefacts]
    pairs = [(finding.artefact, finding.reader) for finding in exported.findings]
    assert pairs == [(artefact.name, name) for artefact in artefacts for name in artefact.readers]
    for finding in exported.findings:
        limit = next(artefact.limit for artefact in artefacts if artefact.name == finding.artefact)
        assert not finding.problem and finding.bytes > 0 and finding.largest <= limit.largest
        assert finding.operators or finding.reader == "saved_model"
        assert finding.ms_per_image
    assert not exported.refused and (exported.name, exported.version) == (NAME, 1)
    assert report["findings"] == [dataclasses.asdict(finding) for finding in exported.findings]
    assert {name: exported.out / place for name, place in report["files"].items()} == exported.paths
    assert all(path.exists() for path in exported.paths.values())
    assert not list(exported.out.glob(".export-*"))


def test_every_file_makes_the_images_of_the_run_and_says_what_it_is(exported, report, directory):
    seeds = range(50, 70)
    expected = load_generator(directory).images(seeds).astype(int)
    for name, path in exported.paths.items():
        opened = exporting.load(path)
        assert np.abs(opened.images(seeds).astype(int) - expected).max() <= (1 if "int8" not in name else 20)
        assert json.loads(json.dumps(opened.description.to_dict())) == report["description"]


def test_the_model_card_has_the_hubs_form_and_names_files_that_exist(exported, report):
    text = exported.card.read_text()
    _, metadata, body = text.split("---\n", 2)
    metadata = yaml.safe_load(metadata)
    assert metadata["library_name"] == "keras" and "dcgan" in metadata["tags"] and "datasets" not in metadata
    assert metadata["pipeline_tag"] == "unconditional-image-generation"
    assert (metadata["license"], report["license"]) == ("unknown", "unknown") and "Nobody has named a license" in body
    findings = [finding for finding in report["findings"] if finding["ms_per_image"]]
    fastest = min(findings, key=lambda finding: finding["ms_per_image"])["artefact"]
    assert f"The fastest on that machine was `{report['files'][fastest]}` with" in body
    assert all(f"`{path}`" in body for path in report["files"].values())
    assert '"preset": "tiny"' in body and (exported.out / "samples.png").is_file()
    assert "-p 127.0.0.1:8501:8501" in body and f":/models/{NAME}:ro" in body


def images_of_card(card, tmp_path):
    """What the card's Python blocks make, typed one after another in the export folder by someone without this package.

    Returns:
        The float images of each block that makes some, and the picture that the last block writes.
    """
    blocks = [block.split("```")[0] for block in card.read_text().split("```python\n")[1:]]
    lite = "from ai_edge_litert.interpreter import Interpreter  # pip install ai-edge-litert"
    blocks = [block.replace(lite, "import tensorflow as tf\nInterpreter = tf.lite.Interpreter") for block in blocks]
    keeps = [f"{block}\nmade.append(np.asarray(images))" if "images =" in block else block for block in blocks]
    code = "\n".join(["made = []", *keeps, f"np.savez({str(tmp_path / 'made.npz')!r}, *made)"])
    ended = subprocess.run([sys.executable, "-I", "-c", code], cwd=card.parent, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr[-2000:]
    with np.load(tmp_path / "made.npz") as archive:
        return list(archive.values()), np.asarray(Image.open(card.parent / "image.png"))


def assert_that_they_are(made, expected):
    floats, picture = made
    for images in (*[(each[0] + 1) * 127.5 for each in floats], picture.reshape(expected.shape)):
        assert np.abs(images - expected.astype(float)).max() < 1.5  # float16 weights are among them


def test_the_python_blocks_of_the_model_card_make_the_image_of_a_seed(exported, directory, tmp_path):
    made = images_of_card(exported.card, tmp_path)
    assert len(made[0]) == len(exporting.FORMATS)
    assert_that_they_are(made, load_generator(directory).images([17])[0])


def test_the_card_of_a_conditional_generator(make_generator, unverified, tmp_path):
    """The seed's own class; tags and license; the other law of latents."""
    settings = {"conditional": True, "classes": 3, "latent_distribution": "uniform", "latent_dim": 7}
    generator = make_generator(("cats", "dogs", "owls"), **settings)
    arguments = (generator, "animals", tmp_path / "out", ["keras", "onnx"])
    with pytest.raises(ArgumentError, match=r"license=CC BY: use an identifier of the Hugging Face Hub"):
        exporting.export_generator(*arguments, license="CC BY")
    card = exporting.export_generator(*arguments, license="no").card  # YAML's false, if written so
    metadata = yaml.safe_load(card.read_text().split("---\n")[1])
    assert metadata["license"] == "no" and "class-conditional-image-generation" in metadata["tags"]
    assert "pipeline_tag" not in metadata and "named a license" not in card.read_text()
    made = images_of_card(card, tmp_path)
    assert len(made[0]) == 2
    assert_that_they_are(made, generator.images([17])[0])


@pytest.mark.slow
def test_the_same_request_gives_the_same_bytes_in_two_processes(exported, directory, tmp_path):
    requests, latent_dim = tmp_path / "requests.npz", directory.read_config()[0].model.latent_dim
    np.savez(requests, z=np.ones((2, latent_dim), np.float32), seed=np.arange(9))
    answers = []
    for name in ("first", "second"):
        path, model = tmp_path / f"{name}.npz", exported.paths["saved_model"]
        command = [sys.executable, "-I", reader.__file__, "saved_model", str(model), str(requests), str(path)]
        assert subprocess.run(command, capture_output=True).returncode == 0
        with np.load(path) as archive:
            answers.append({key: archive[key].tobytes() for key in archive.files if key != "facts"})
    assert answers[0] == answers[1] and {"images", "generated", "png", "path_png"} <= set(answers[0])


def test_the_next_export_is_the_next_version_and_keeps_what_a_person_wrote(directory, unverified, tmp_path):
    for version in (1, 2):
        result = exporting.export_run(directory, ["keras"], tmp_path, "mine")
        assert result.version == version and result.card == tmp_path / "README.md"
    assert sorted(path.name for path in (tmp_path / "keras" / "mine").iterdir()) == ["1", "2"]
    history = json.loads((tmp_path / "export.json").read_text())["exports"]
    assert [entry["version"] for entry in history] == [2, 1]
    result.card.write_text("my own words")
    result = exporting.export_run(directory, ["keras"], tmp_path, "mine")
    assert (tmp_path / "README.md").read_text() == "my own words" and result.card.name == "README-3.md"


def test_raw_weights_and_earlier_checkpoints_can_be_exported(directory, unverified, tmp_path):
    result = exporting.export_run(directory, ["keras"], tmp_path, checkpoint=5, weights="raw")
    description = exporting.load(result.paths["keras"]).description
    assert (description.weights, description.step) == ("raw", 5)


def test_the_card_has_the_evaluations_of_the_exported_step(directory, unverified, tmp_path):
    run = runs.RunDirectory(shutil.copytree(directory.path, tmp_path / "run"))
    row = {"metric": "frechet_10k", "samples": 10_000, "extractor": "classifier", "control": None}
    rows = [row | {"step": 5, "value": 99.5}, row | {"step": 10, "value": 12.5}]
    run.evaluations_file.write_text("".join(json.dumps(each) + "\n" for each in rows))
    text = exporting.export_run(run, ["keras"]).card.read_text()
    assert "| frechet_10k | classifier | 12.5 | 10,000 |" in text and "99.5" not in text


def test_a_report_of_an_earlier_version_is_kept_and_shown(directory, unverified, tmp_path):
    """Earlier versions had other readers, and other inputs, which the section Use does not tell about."""
    result = exporting.export_run(directory, ["onnx", "keras"], tmp_path)
    path = result.out / "export.json"
    entries = json.loads(path.read_text())
    numbers = {"largest": 0.0, "mean": 0.0, "levels": 0, "bytes": 1, "ms_per_image": None}
    entries["exports"][0]["findings"] = [{"artefact": "onnx", "reader": "an old reader", **numbers}]
    del entries["exports"][0]["license"]
    path.write_text(json.dumps(entries))
    text, use = exporting.export_run(directory, ["keras"], tmp_path).card.read_text().split("## Use")
    assert "| an old reader |" in text and "onnx/digits/1" in text
    assert "keras/digits/2" in use and "onnx/digits/1" not in use


def test_arguments_are_checked_before_anything_is_written(directory, tmp_path):
    for arguments, message in (
        ({"formats": ["keras", "tfjs"]}, "there is no 'tfjs'; choose from saved_model, tflite"),
        ({"formats": []}, "there is no ''"),
        ({"name": "../up"}, "use up to 64 lower-case letters"),
        ({"checkpoint": 7}, "0, 5, 10"),
    ):
        with pytest.raises(ArgumentError, match=message):
            exporting.export_run(directory, out=tmp_path / "new", **arguments)
    with export_folder.locked(tmp_path), pytest.raises(UserError, match="another export is writing there"):
        exporting.export_run(directory, ["keras"], tmp_path)
    assert not list(tmp_path.iterdir())
    (tmp_path / "export.json").write_text("{")
    with pytest.raises(UserError, match="damaged, or not the report of an export"):
        exporting.export_run(directory, ["keras"], tmp_path)


def test_a_converter_that_fails_costs_its_own_format_only(directory, unverified, tmp_path, monkeypatch):
    def fails(*_):
        raise AttributeError("module 'numpy' has no attribute 'object'")

    broken = dataclasses.replace(FORMATS["tflite"].artefacts[0], write=fails)
    monkeypatch.setitem(FORMATS, "tflite", dataclasses.replace(FORMATS["tflite"], artefacts=(broken,)))
    result = exporting.export_run(directory, ["tflite", "keras"], tmp_path)
    assert [finding.artefact for finding in result.refused] == ["tflite float32"]
    assert "AttributeError" in result.refused[0].problem
    assert result.paths.keys() == {"keras"} and not (tmp_path / "tflite").exists()


RUNS = {
    "bfloat16": ("--preset=tiny", "--steps=10", "--precision=mixed_bfloat16"),
    "float16": ("--preset=tiny", "--steps=10", "--precision=mixed_float16"),
    "two devices": ("--preset=tiny", "--steps=10", "--devices=2", "--strategy=mirrored"),
    "torch_64": ("--preset=torch_64", "--steps=3", "--batch_size=16"),
    "paper_64": ("--preset=paper_64", "--steps=3", "--batch_size=16"),
    "imagenet_32": ("--preset=imagenet_32", "--steps=3", "--batch_size=16"),
    "compact_32": ("--preset=compact_32", "--steps=3", "--batch_size=16"),
    "not square, RGBA": ("--preset=tiny", "--steps=10", "--image_size=16x24", "--channels=4"),
    "conditional": ("--preset=tiny", "--steps=10", "--conditional"),
    "RGB": ("--preset=tiny", "--steps=10", "--channels=3"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNS)
def test_every_kind_of_run_can_be_exported(script, tmp_path, name):
    run = tmp_path / "run"
    if name == "two devices":  # logical devices are made once in a process, before anything else
        processes.finish(processes.start(*RUNS[name], f"--run={run}"))
    else:
        assert script("train", *RUNS[name], f"--run={run}").code == 0
    outcome = script("export", f"--run={run}")
    assert outcome.code == 0 and "REFUSED" not in outcome.out
