"""The model card: a README.md in the form of the Hugging Face Hub, so that an export folder can be uploaded."""

import hashlib
import json
import re
from pathlib import Path

from dcgan_tf.export import card_use
from dcgan_tf.export.formats import TITLES
from dcgan_tf.export.report import REPORT, SAMPLES

CARD = "README.md"
_MARK = re.compile(r"\n<!-- as written by export.py: ([0-9a-f]{64}) -->\n$")


def name_in(out: Path, version: int) -> str:
    """What the card may be called: one that somebody has changed since it was written is never replaced."""
    path = out / CARD
    return CARD if not path.exists() or _is_untouched(path.read_bytes()) else f"README-{version}.md"


def _is_untouched(content: bytes) -> bool:
    text = content.decode("utf-8", errors="replace")
    mark = _MARK.search(text)
    return bool(mark) and mark[1] == _digest(text[: mark.start()])


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def write(path: Path, entries: list[dict], run: dict) -> None:
    """Writes the card of the newest export.

    Args:
        path: the file.
        entries: of `export.json`, newest first.
        run: what `config.json` holds ("config", "preset", "data", "versions"), and "evaluations", which may be empty.
    """
    description, files = entries[0]["description"], _newest_files(entries)
    parts = [
        _metadata(run),
        _introduction(description, run),
        _file_table(files),
        card_use.text({name: entry["files"][name] for name, entry in files.items()}, description),
        _evaluations(run["evaluations"]),
        _training(run),
    ]
    text = "\n\n".join(part for part in parts if part) + "\n"
    path.write_text(f"{text}\n<!-- as written by export.py: {_digest(text)} -->\n", encoding="utf-8")


def _newest_files(entries: list[dict]) -> dict[str, dict]:
    """For each artefact of this name the newest export that has it."""
    found = {}
    for entry in entries:
        if entry["description"]["name"] == entries[0]["description"]["name"]:
            found = {**dict.fromkeys(entry["files"], entry), **found}
    return found


def _metadata(run: dict) -> str:
    lines = ["library_name: keras", "pipeline_tag: unconditional-image-generation", "tags:"]
    lines += [f"- {tag}" for tag in ("dcgan", "gan", "image-generation", "tensorflow", "tflite")]
    if run["data"]["identity"]["kind"] == "tfds":
        lines += ["datasets:", f"- {json.dumps(run['data']['source'])}"]
    return "\n".join(["---", *lines, "---"])


def _introduction(description: dict, run: dict) -> str:
    weights = "a moving average of its weights" if description["weights"] == "ema" else "its last weights"
    law = {"normal": "standard normal numbers", "uniform": "numbers uniform on [-1, 1]"}[description["latent_law"]]
    size = f"{description['height']} × {description['width']}"
    channels = {1: "one grey channel", 3: "three channels (RGB)", 4: "four channels (RGBA)"}[description["channels"]]
    classes = ", and the number of a class," if description["class_names"] else ""
    return f"""# {description["name"]}

A generator of {size} images with {channels}: a DCGAN (Radford, Metz and Chintala,
[arXiv:1511.06434](https://arxiv.org/abs/1511.06434)) trained for {description["step"]:,} generator updates on
{run["data"]["count"]:,} images of `{run["data"]["source"]}`; {weights}.

![Images made by this generator]({SAMPLES})

It maps a latent vector `z` of {description["latent_dim"]} {law}{classes} to an image with values in [-1, 1].
{_class_table(description["class_names"])}"""


def _class_table(names: list[str]) -> str:
    if not names:
        return ""
    rows = "\n".join(f"| {number} | {name} |" for number, name in enumerate(names))
    return f"\n| label | class |\n| ---: | --- |\n{rows}\n"


def _file_table(files: dict[str, dict]) -> str:
    lines = [
        "## Files",
        "",
        "Each was read again by a process without the training code and compared with the original on 64 latents. "
        "Differences are in units of the range [-1, 1], where a grey level is 0.0078; levels are of 0 to 255. Times "
        "are of one image on the machine that exported, on all its cores where nothing else is said.",
        "",
        "| file | read with | largest difference | mean difference | levels | MB | ms per image |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, entry in files.items():
        for finding in (each for each in entry["findings"] if each["artefact"] == name):
            time = "" if finding["ms_per_image"] is None else f"{finding['ms_per_image']:.2f}"
            lines.append(
                f"| `{entry['files'][name]}` | {TITLES[finding['reader']]} | {finding['largest']:.1e} "
                f"| {finding['mean']:.1e} | {finding['levels']} | {finding['bytes'] / 1e6:.2f} | {time} |"
            )
    advice = [_ADVICE] if any(name.startswith("tflite") for name in files) else []
    return "\n".join([*lines, "", *advice, f"`{REPORT}` holds the same as numbers, and the operators."])


_ADVICE = """Of the TFLite files, `float16` is the one for most devices; `int8_dynamic` has int8 weights, a quarter of
the size, and is the fastest; `int8` computes in integers throughout, for hardware that has nothing else, and is the
coarsest.
"""


def _evaluations(rows: list[dict]) -> str:
    if not rows:
        return ""
    lines = ["## Evaluations", "", "| metric | features | value | samples |", "| --- | --- | ---: | ---: |"]
    for row in rows:
        features, samples = row.get("extractor") or "", row.get("samples") or 0
        lines.append(f"| {row['metric']} | {features} | {row['value']:.4g} | {samples:,} |")
    return "\n".join(lines)


_PRIVATE = ("dataset", "data_dir", "cache_dir")  # paths of the machine


def _training(run: dict) -> str:
    config = {
        section: {name: value for name, value in values.items() if name not in _PRIVATE}
        for section, values in run["config"].items()
        if section not in ("device", "report")
    }
    data = {name: value for name, value in run["data"].items() if name not in ("identity", "skipped", "seconds")}
    shown = {"preset": run["preset"], "config": config, "data": data, "versions": run["versions"]}
    dump = json.dumps(shown, indent=2)
    return f"## Training\n\n<details><summary>Configuration and data</summary>\n\n```json\n{dump}\n```\n\n</details>"
