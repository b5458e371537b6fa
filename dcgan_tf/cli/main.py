"""The command `dcgan`: finds the sub-command, loads that one alone, runs it."""

import importlib
import sys
from collections.abc import Sequence

import dcgan_tf
from dcgan_tf.cli import command_line, console
from dcgan_tf.cli.command_line import UsageError
from dcgan_tf.errors import did_you_mean

COMMANDS = {
    "train": "train on a data set by name, a folder, a .zip or an .npz; continue a run",
    "generate": "make images with a trained run or an exported file",
    "evaluate": "judge a run: Fréchet distance, precision, recall and the paper's tables",
    "explore": "look inside: walks, arithmetic, guided backpropagation and other views",
    "export": "write SavedModel, TFLite, Keras and ONNX files, each verified",
    "client": "fetch images from a served generator",
}

HELP = """DCGAN (Radford, Metz and Chintala, arXiv:1511.06434): train, judge, explore, export and serve.

  dcgan train --dataset=mnist          any image data set of TensorFlow Datasets
  dcgan train --dataset=~/photos       your own images
  dcgan generate --run=runs/00000-mnist_28
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command line without the program's name (default: this process's own); returns the exit code."""
    name, *arguments = list(sys.argv[1:] if argv is None else argv) or ["--help"]
    with console.errors_in_one_line() as outcome:
        if name == "help" and arguments:  # `dcgan help train`
            name, *arguments = [*arguments, "--help"]
        if name == "help" or name in command_line.HELP + command_line.ALL_HELP:
            print(help_text(), flush=True)
        elif name in ("--version", "-V") or ("--version" in arguments and name != "client"):
            print(dcgan_tf.__version__)
        elif name not in COMMANDS:
            raise UsageError(f"{name!r}: {_unknown(name, arguments)}")
        else:
            module = importlib.import_module(f"dcgan_tf.cli.{name}")
            console.parse_and_run(module.main, module.FLAGS, [f"dcgan {name}", *arguments])
    return outcome.code


def _unknown(name: str, arguments: Sequence[str]) -> str:
    if name.startswith("-"):
        command = next((each for each in arguments if each in COMMANDS), "train")
        return f"the command comes first, as in dcgan {command} {name}"
    return "there is no such command; " + (did_you_mean(name, COMMANDS, "{}") or f"choose one of {', '.join(COMMANDS)}")


def help_text() -> str:
    """What `dcgan --help` prints."""
    width = max(map(len, COMMANDS))
    lines = [f"  {name.ljust(width)}  {summary}" for name, summary in COMMANDS.items()]
    return "\n".join([HELP, *lines, "", "dcgan COMMAND --help explains a command and its flags."])
