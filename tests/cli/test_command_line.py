"""What users type: forms of values, flags of other programs, and the help."""

import subprocess
import sys

import pytest

from dcgan_tf.cli import other_names, train
from dcgan_tf.cli.command_line import UsageError
from dcgan_tf.cli.flags import Flags

FORMS = {
    "--steps=20000": ("steps", 20_000), "--steps=2e4": ("steps", 20_000), "--steps=20_000": ("steps", 20_000),
    "--steps=20,000": ("steps", 20_000), "--steps=20k": ("steps", 20_000), "--steps=1.5M": ("steps", 1_500_000),
    "--steps 20000": ("steps", 20_000), "-steps=20": ("steps", 20), "--batch-size=64": ("batch_size", 64),
    "--Batch_Size=64": ("batch_size", 64), "--seed=-1": ("seed", -1), "--learning_rate=2e-4": ("learning_rate", 2e-4),
    "--conditional": ("conditional", True), "--conditional=yes": ("conditional", True),
    "--conditional yes": ("conditional", True), "--conditional=ON": ("conditional", True),
    "--conditional=0": ("conditional", False), "--conditional=no": ("conditional", False),
    "--noconditional": ("conditional", False), "--no-dry-run": ("dry_run", False),
    "--image_size=64×96": ("image_size", (64, 96)), "--dataset mnist": ("dataset", "mnist"),
    "--steps=5 --steps=6": ("steps", 6), "--latent_law=uniform": ("latent_distribution", "uniform"),
}  # fmt: skip


@pytest.mark.parametrize("typed", FORMS)
def test_a_value_is_taken_in_the_forms_that_people_type(typed):
    train.FLAGS.parse(["dcgan train", *typed.split(" ")])
    name, value = FORMS[typed]
    assert getattr(train.FLAGS, name) == value and type(getattr(train.FLAGS, name)) is type(value)


WRONG = [
    ("mnist", "'mnist': unexpected; did you mean --dataset=mnist?"),
    ("mnist 5000", "did you mean --dataset=mnist?"),
    ("-5", "'-5': unexpected; settings are written --name=value"),
    ("--steps = 5", "write --steps=5, without spaces around the ="),
    ("--steps =5", "write --steps=5, without spaces around the ="),
    ("--steps= 5", "write --steps=5, without a space after the ="),
    ("--dataset --steps=5", "--dataset: its value is missing"),
    ("--run", "--run: its value is missing"),
    ("—steps=5", "type --steps=5"),
    ("-–steps=5", "type --steps=5"),
    ("--dataset=“mnist”", "write --dataset=mnist"),
    ("--steps=2.5", "it must be a whole number"),
    ("--steps=1e999999999", "it must be a whole number"),
    ("--steps=10,00", "it must be a whole number"),
    ("--steps=inf", "it must be a whole number"),
    ("--learning_rate=0,0002", "with a point: 0.0002"),
    ("--conditional=perhaps", "--conditional=perhaps: write true or false"),
    ("--noflip=no", "write --noflip, or --flip=true or =false"),
    ("--dataset=https://example.org/a.zip", "download it first"),
    ("--dataset=s3://bucket/images", "download it first"),
    ("--run=gs://bucket/run", "an address, not a path on this machine"),
    ("--resume", "here it is --run (it names the run directory"),
    ("--lr=1e-3", "here it is --learning_rate"),
    ("--gpu", "here it is --devices (without it every visible GPU is used)"),
    ("--gpus 2", "here it is --devices"),
    ("--batch=8", "here it is --batch_size"),
    ("--name=first", "here it is --run"),
    ("--data=photos", "here it is --dataset"),
    ("--out=photos", "here it is --run"),
    ("--output_dir=photos", "here it is --run"),
    ("--epoch=5", "here it is --epochs"),
    ("--workers=4", "here it is --worker_hosts (for several machines"),
    ("--fp16", "here it is --precision"),
    ("--size=64", "here it is --image_size"),
    ("--imageSize=64", "--imageSize: there is no such flag; here it is --image_size"),
    ("--datset=mnist", "did you mean --dataset?"),
    ("--undefok=x --x", "--undefok: there is no such flag; see --help"),
    ("--flagfile=x", "--flagfile: there is no such flag; see --help"),
    ("--nonsense", "--nonsense: there is no such flag; see --help"),
]


@pytest.mark.parametrize(("typed", "expected"), WRONG)
def test_what_is_not_understood_is_answered_with_what_to_type(typed, expected):
    with pytest.raises(UsageError) as caught:
        train.FLAGS.parse(["dcgan train", *typed.split(" ")])
    assert expected in str(caught.value) and "\n" not in str(caught.value)


def test_names_of_other_programs_stand_for_flags_that_exist():
    known = set()
    for module in ("train", "generate", "evaluate", "export", "client"):
        known |= set(__import__(f"dcgan_tf.cli.{module}", fromlist=["FLAGS"]).FLAGS._values)
    assert set(other_names.OTHER_NAMES) <= known and set(other_names.REMARKS) <= known


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["help", "train"], "--dataset=TEXT"),
        (["help", "explore", "walk"], "dcgan explore walk --run="),
        (["train", "-h"], "--dataset=TEXT"),
        (["train", "--lr=2", "--help"], "--dataset=TEXT"),
        (["help"], "dcgan COMMAND --help"),
        (["--help=all"], "dcgan COMMAND --help"),
    ],
)
def test_help_is_found_in_the_places_where_it_is_looked_for(script, arguments, expected):
    outcome = script(*arguments)
    assert outcome.code == 0 and expected in outcome.out


@pytest.mark.parametrize("arguments", [["--version"], ["train", "--version"], ["explore", "walk", "--version"]])
def test_the_version_is_printed_wherever_it_is_asked_for(script, arguments):
    import dcgan_tf

    assert script(*arguments).out == f"{dcgan_tf.__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--dataset=mnist"], "the command comes first, as in dcgan train --dataset=mnist"),
        (["trian"], "did you mean train?"),
        (["mnist"], "choose one of train, generate"),
        (["explore", "--run=x"], "name the view first, as in dcgan explore walk --run=x"),
    ],
)
def test_a_missing_command_is_asked_for(script, arguments, expected):
    outcome = script(*arguments)
    assert outcome.code == 2 and expected in outcome.last_line


def help_of(script, monkeypatch, *arguments, columns=100) -> list[str]:
    monkeypatch.setenv("COLUMNS", str(columns))
    return script("train", *arguments).out.splitlines()


def test_help_shows_the_everyday_flags_and_all_of_them_when_asked(script, monkeypatch):
    everyday, everything = (help_of(script, monkeypatch, flag) for flag in ("--help", "--help=all"))
    shown = {line.split("=")[0].strip() for line in everyday if line.startswith("  --")}
    assert {"--dataset", "--run", "--steps", "--epochs", "--image_size", "--[no]conditional       train with labels: "
            "the class of each image is appended to z and to the"} <= shown  # fmt: skip
    assert len(everyday) < 60 and everyday[-1].startswith("These are the everyday flags; --help=all explains")
    assert not any("--norm_epsilon" in line for line in everyday)
    assert any(line.startswith("  --norm_epsilon=X  ") for line in everything)
    headings = [line for line in everything if line.endswith(":") and not line.startswith(" ")]
    assert headings == [f"{name}:" for name in
                        ("data set", "networks", "loss", "optimizer", "training", "devices", "reports")]  # fmt: skip


def test_help_names_defaults(script, monkeypatch):
    text = " ".join(" ".join(help_of(script, monkeypatch, "--help=all")).split())
    for expected in ("Adam's decay of the second moment [0.999]", "grid [64]", "summed over all devices [128 in most",
                     "updates in total [set by the preset]", "[runs]", "--d_norm=spectral) [bce]"):  # fmt: skip
        assert expected in text, expected


@pytest.mark.parametrize("columns", [10, 60, 80, 200])
def test_help_fits_the_terminal(script, monkeypatch, columns):
    lines = help_of(script, monkeypatch, "--help=all", columns=columns)
    flags = lines[next(index for index, line in enumerate(lines) if line.startswith("  --")) :]
    assert max(map(len, flags)) <= max(40, min(columns, 110)) + 20  # a form is never broken
    texts = [line for line in flags if line.startswith("        ")]
    assert len(texts) > 20 and max(map(len, texts)) <= max(40, min(columns, 110))


def test_nothing_slow_is_imported_for_help():
    slow = ("tensorflow", "keras", "scipy", "sklearn", "matplotlib", "tensorflow_datasets", "pandas")
    code = f"""import sys
from dcgan_tf.cli.main import main
for name in ("train", "generate", "evaluate", "export", "explore", "client"):
    assert main([name, "--help"]) == 0
sys.exit(", ".join(name for name in {slow} if name in sys.modules) or 0)"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr


def test_a_script_with_few_flags_shows_them_all():
    flags = Flags("Counts.")
    flags.whole("most", 3, "how far")
    assert flags.help_text() == "Counts.\n\n  --most=N                how far [3]"
