"""The wheel: built, installed into a clean environment, used outside of the repository; and the notebook."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def call(*command: object, **more) -> str:
    ended = subprocess.run([str(part) for part in command], capture_output=True, text=True, **more)
    assert ended.returncode == 0, f"{command}\n{ended.stdout[-2000:]}\n{ended.stderr[-4000:]}"
    return ended.stdout + ended.stderr


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """The `dcgan` command of an environment that has the wheel, and the packages of this one that it depends on."""
    folder = tmp_path_factory.mktemp("wheel")
    shutil.copytree(ROOT, folder / "source", ignore=shutil.ignore_patterns(".*", "runs", "build", "*.egg-info"))
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    call(*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, folder / "source")
    call(sys.executable, "-m", "venv", "--without-pip", folder / "env")
    shutil.rmtree(folder / "source")
    (wheel,) = folder.glob("dcgan_tf-*.whl")
    python = folder / "env" / "bin" / "python"
    call(*pip, "--python", python, "install", "--no-deps", wheel)
    site = Path(call(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "env" / "bin" / "dcgan"


@pytest.mark.full
def test_the_wheel_has_everything(installed, tmp_path):
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    place = {"cwd": tmp_path, "env": clean}
    found = call(installed.with_name("python"), "-c", "import dcgan_tf; print(dcgan_tf.__file__)", **place)
    assert str(installed.parent.parent) in found
    assert "explore" in call(installed, "--help", **place)
    said = call(installed, "train", "--preset=tiny", "--steps=10", "--run=run", **place)
    assert "dcgan generate --run=run" in said
    call(installed, "generate", "--run=run", "--seeds=0-8", "--out=grid.png", **place)
    call(installed, "export", "--run=run", "--formats=saved_model,keras", **place)
    assert (tmp_path / "grid.png").is_file() and (tmp_path / "run/export/README.md").is_file()


@pytest.mark.full
def test_the_notebook_runs(tmp_path):
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    notebook = nbformat.read(ROOT / "docs" / "quickstart.ipynb", as_version=4)
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    client = nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}})
    client.execute(env=environment)
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert not [output for output in outputs if output.output_type == "error"]
    assert any("image/png" in output.get("data", {}) for output in outputs)
