"""The project watches itself: direction of imports, commands of the README, what the repository may not say."""

import ast
import importlib
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from dcgan_tf import presets

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = ("train", "generate", "export", "evaluate", "explore")

# From the bottom up: a module may import from its own layer (the same folder) and from those below it.
LAYERS = [
    {"errors", "files", "progress", "versions"},
    {"geometry"},
    {"config"},
    {"presets", "flags", "runs", "seeds", "seed_list", "images", "pixels", "latents", "classes", "conditioning"},
    {"console", "commands", "models", "losses"},
    {"batch_norm", "summary", "data", "resolution"},
    {"generation", "metrics", "features"},
    {"evaluation", "explore"},
    {"training", "export", "serving"},
    {"measuring"},
    {"exploring"},
]
WITHOUT_TENSORFLOW = (
    "errors",
    "files",
    "geometry",
    "progress",
    "config",
    "presets",
    "flags",
    "runs",
    "images",
    "classes",
    "console",
    "commands",
    "seed_list",
    "resolution",
)


def modules() -> list[Path]:
    return sorted((ROOT / "dcgan_tf").rglob("*.py"))


def layer_of(part: str) -> int:
    return next(index for index, layer in enumerate(LAYERS) if part in layer)


def imported(path: Path) -> set[str]:
    """First parts below dcgan_tf of all that a file imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "dcgan_tf":
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("dcgan_tf."):
            found.add(node.module.split(".")[1])
    return found


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_in_one_direction(path):
    part = path.relative_to(ROOT / "dcgan_tf").parts[0].removesuffix(".py")
    if part == "__init__":
        return
    for other in imported(path) - {part}:
        assert layer_of(other) < layer_of(part), f"{part} imports {other}"


@pytest.mark.parametrize("name", WITHOUT_TENSORFLOW)
def test_some_modules_know_nothing_of_tensorflow(name):
    assert not re.search(r"^\s*(import|from) (tensorflow|keras)", (ROOT / f"dcgan_tf/{name}.py").read_text(), re.M)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_the_package_does_not_print(path):
    if path.name in ("console.py", "progress.py"):
        return
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    assert not [node.lineno for node in calls if getattr(node.func, "id", "") == "print"]


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


COMMAND = r"python ((?:train|generate|export|evaluate|explore)\.py[^`\n]*|-m dcgan_tf\.serving\.client[^`\n]*)"


def documented_commands() -> list[str]:
    """Every `python script.py ...` in the README, the documents and the lab notes."""
    texts = [path.read_text() for path in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]]
    texts += [ast.get_docstring(ast.parse((ROOT / f"{name}.py").read_text())) for name in SCRIPTS]
    texts += [ast.get_docstring(ast.parse(path.read_text())) for path in (ROOT / "dcgan_tf/exploring").glob("*.py")]
    found = set()
    for text in [*texts, *(preset.note for preset in presets.PRESETS.values())]:
        for line in re.findall(COMMAND, text.replace("\\\n", " ")):
            found.add(re.split(r"\s{2,}|#|;|\|", line)[0].strip())
    return sorted(found)


@pytest.mark.parametrize("command", documented_commands())
def test_every_documented_command_parses(command):
    name, *arguments = shlex.split(command.removeprefix("-m "))
    flags = importlib.import_module(name.removesuffix(".py")).FLAGS
    flags.parse([name, *arguments])


def test_the_readme_lists_every_preset_with_its_counts():
    readme = (ROOT / "README.md").read_text()
    for name, preset in presets.PRESETS.items():
        row = next(line for line in readme.splitlines() if line.startswith(f"| `{name}`"))
        assert f"{preset.generator_parameters:,}" in row and f"{preset.discriminator_parameters:,}" in row


def test_the_readme_shows_pictures_that_exist():
    for target in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", (ROOT / "README.md").read_text()):
        assert (ROOT / target).is_file()


def test_nothing_of_a_machine_stands_in_the_repository():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    for name in listed.stdout.split():
        path = ROOT / name
        if path.suffix in (".py", ".md", ".toml", ".txt", ".yaml", "") and path.is_file():
            assert not re.search("/work" + "/|/root" + "/|--index" + "-url", path.read_text()), name
