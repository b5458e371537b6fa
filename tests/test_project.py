"""The project watches itself: direction of imports, what only the command line may say, commands in the documents."""

import ast
import importlib
import re
import shlex
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from dcgan_tf import models, presets
from dcgan_tf.cli.main import COMMANDS

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "dcgan_tf"

# From the bottom up: a module may import from its own layer (the same folder) and from those below it.
LAYERS = [
    {"errors"},
    {"quiet", "files", "progress"},
    {"losses", "augmentations", "geometry", "seeds", "images", "out_names"},
    {"settings"},
    {"config"},
    {"presets", "runs"},
    {"checkpoints"},
    {"models", "metrics", "data"},
    {"evaluation", "serving"},
    {"explore", "exporting", "training"},
    {"api"},
    {"cli"},
]
LIGHT = (
    "augmentations",
    "errors",
    "quiet",
    "files",
    "progress",
    "losses",
    "geometry",
    "seeds",
    "images",
    "settings",
    "config",
    "presets",
    "runs",
)


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def below_the_command_line() -> list[Path]:
    return [path for path in modules() if path.relative_to(PACKAGE).parts[0] != "cli"]


def name_of(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


def imported(path: Path) -> set[str]:
    """First parts below dcgan_tf of all that a file imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "dcgan_tf":
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("dcgan_tf."):
            found.add(node.module.split(".")[1])
    return found


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_imports_go_in_one_direction(path):
    part = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if part in ("__init__", "__main__"):
        return
    layer = {name: index for index, names in enumerate(LAYERS) for name in names}
    for other in imported(path) - {part}:
        assert layer[other] < layer[part], f"{part} imports {other}"


def test_only_training_imports_the_loop():
    owners = {"training"}
    for path in modules():
        if re.search(r"training(\.loop| import .*\bloop)\b", path.read_text()):
            assert path.relative_to(PACKAGE).parts[0] in owners, name_of(path)


@pytest.mark.parametrize("path", below_the_command_line(), ids=name_of)
def test_nothing_below_the_command_line_spells_a_flag(path):
    text = re.sub(r"docker run .*", "", path.read_text())  # whose flags are not ours
    assert re.findall(r"(?<![\w-])--(?:no)?[a-z][a-z_]+", text) == []


@pytest.mark.parametrize("path", below_the_command_line(), ids=name_of)
def test_the_package_does_not_print(path):
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    assert not [node.lineno for node in calls if getattr(node.func, "id", "") == "print"]


def test_two_files_have_one_name_only_if_they_have_one_subject():
    """A command may be called like what it runs."""
    counts = Counter(path.stem for path in below_the_command_line() if not path.stem.startswith("__"))
    assert [stem for stem, count in counts.items() if count > 1] == []


def test_one_owner_per_convention():
    for pattern, owner in {
        "127\\.5": "pixels.py",
        "/ .metrics": "runs.py",
        "MirroredStrategy\\(": "distribution.py",
    }.items():
        holders = {path.name for path in modules() if re.search(pattern, code_of(path))}
        assert holders == {owner}, pattern


def code_of(path: Path) -> str:
    """A file without its docstrings and comments."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            node.value = ast.Constant(0)
    return ast.unparse(tree)


def without_tensorflow(code: str) -> None:
    """Runs a program in which TensorFlow and Keras cannot be imported."""
    start = "import sys\nsys.modules['tensorflow'] = sys.modules['keras'] = None\n"
    ended = subprocess.run([sys.executable, "-c", start + code], cwd=ROOT, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr


def test_tensorflow_is_imported_when_something_needs_it():
    """Help, wrong flags and wrong values answer at once, and a client needs no TensorFlow at all."""
    names = ", ".join(LIGHT)
    lines = [f"import dcgan_tf\nfrom dcgan_tf import {names}\nfrom dcgan_tf.cli.main import main\ndcgan_tf.Client"]
    lines += [f"assert main([{name!r}, '--help']) == 0 and main([{name!r}, '--nonsense=1']) == 2" for name in COMMANDS]
    lines += ["assert main(['explore', 'walk', '--help']) == 0 and main(['explore', 'walk', '--nonsense']) == 2"]
    lines += ["assert main(['train', '--batch_size=1']) == 2 and main(['train', '--loss=hinges']) == 2"]
    lines += ["assert main(['export', '--run=x', '--formats=jpeg']) == 2 and main([]) == 0 and main(['nonsense']) == 2"]
    without_tensorflow("\n".join(lines))


NAMES = "|".join(COMMANDS)
COMMAND = rf"(?:dcgan|python -m dcgan_tf|python (?=\w+\.py)) ?((?:{NAMES})(?:\.py)?\b[^`\n]*)"


def documented_commands() -> list[str]:
    """Every `dcgan ...` and `python script.py ...` in the README, the documents and the help texts."""
    texts = [path.read_text() for path in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]]
    texts += [ast.get_docstring(ast.parse(path.read_text())) or "" for path in (PACKAGE / "cli").rglob("*.py")]
    found = set()
    for text in texts:
        for block in re.findall(r"`[^`\n]*`|^\s.*$|^(?:dcgan|python) .*$", text.replace("\\\n", " "), re.M):
            for line in re.findall(COMMAND, block):
                found.add(re.split(r"\s{2,}|#|;|\|| > ", line)[0].strip())
    return sorted(found)


@pytest.mark.parametrize("command", documented_commands())
def test_every_documented_command_parses(command):
    name, *arguments = shlex.split(command)
    flags = importlib.import_module(f"dcgan_tf.cli.{name.removesuffix('.py')}").FLAGS
    flags.parse([name, *arguments])


@pytest.mark.parametrize("name", presets.PRESETS)
def test_the_readme_lists_every_preset_with_its_parameters(name):
    config = presets.PRESETS[name].model
    counts = [models.trainable_count(build(config)) for build in (models.build_generator, models.build_discriminator)]
    rows = [line for line in (ROOT / "README.md").read_text().splitlines() if line.startswith(f"| `{name}`")]
    assert len(rows) == 1 and all(f"{count:,}" in rows[0] for count in counts), counts


def test_documents_show_pictures_and_link_files_that_exist():
    for path in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)[^)]*\)", path.read_text()):
            assert (path.parent / target).exists(), f"{path.name}: {target}"


def test_nothing_of_a_machine_stands_in_the_repository():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    for name in listed.stdout.split():
        path = ROOT / name
        if path.suffix in (".py", ".md", ".toml", ".txt", ".yaml", ".ipynb", "") and path.is_file():
            assert not re.search("/work" + "/|/root" + "/|--index" + "-url", path.read_text()), name


def test_the_citation_names_this_version():
    import dcgan_tf

    assert f"version: {dcgan_tf.__version__}\n" in (ROOT / "CITATION.cff").read_text()
