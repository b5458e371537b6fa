"""The model card: a README.md in the form of the Hugging Face Hub, so that an export folder can be uploaded as it is.

The Python blocks of its section "Use" run one after another, in the export folder.
"""

import hashlib
import inspect
import json
import re
from pathlib import Path

from dcgan_tf.exporting.description import Description
from dcgan_tf.exporting.formats import OLDEST_KERAS, READER_TITLES
from dcgan_tf.exporting.seed_to_latent import seed_to_latent

CARD, SAMPLES = "README.md", "samples.png"
UNKNOWN = "unknown"  # the Hub's word for no license that anybody named
SEED = 17  # of the examples
_MARK = re.compile(r"\n<!-- as written by (?:dcgan_tf|export\.py): ([0-9a-f]{64}) -->\n$")
_PRIVATE = ("dataset", "data_dir", "cache_dir")  # paths of the machine


def file_name(out: Path, version: int) -> str:
    """What the card will be called: one that a person has changed is never replaced."""
    if not (path := out / CARD).exists():
        return CARD
    text = path.read_text(encoding="utf-8", errors="replace")
    mark = _MARK.search(text)
    return CARD if mark and mark[1] == _digest(text[: mark.start()]) else f"README-{version}.md"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def write(path: Path, entries: list[dict], facts: dict | None) -> None:
    """Writes the card of the newest export.

    Args:
        path: the file.
        entries: of `export.json`, newest first.
        facts: of the training run: what `config.json` holds ("config", "preset", "data", "versions") and the rows
            "evaluations"; None where there is none.
    """
    description, files = entries[0]["description"], _newest_files(entries)
    license = entries[0]["license"]
    parts = [_metadata(description, license, facts), _introduction(description, facts)]
    parts += [_UNKNOWN_LICENSE] if license == UNKNOWN else []
    parts.append(_file_table(files))
    # What wrote entries without a license wrote files that take other requests.
    parts.append(_use({name: entry["files"][name] for name, entry in files.items() if "license" in entry}, description))
    if facts is not None:
        parts += [_evaluations(facts["evaluations"]), _training(facts)]
    text = "\n\n".join(part for part in parts if part) + "\n"
    path.write_text(f"{text}\n<!-- as written by dcgan_tf: {_digest(text)} -->\n", encoding="utf-8")


def _newest_files(entries: list[dict]) -> dict[str, dict]:
    """For each artefact the newest export under this name that has it."""
    newest = {}
    for entry in entries:
        if entry["description"]["name"] == entries[0]["description"]["name"]:
            newest = {**dict.fromkeys(entry["files"], entry), **newest}
    return newest


def _metadata(description: dict, license: str, facts: dict | None) -> str:
    """For the Hub, which has no task for generators by class."""
    if description["class_names"]:
        task, kind = [], "class-conditional-image-generation"
    else:
        task, kind = ["pipeline_tag: unconditional-image-generation"], "unconditional-image-generation"
    lines = [f"license: {json.dumps(license)}", "library_name: keras", *task, "tags:"]
    lines += [f"- {tag}" for tag in ("dcgan", "gan", "image-generation", kind, "tensorflow", "tflite")]
    if facts is not None and facts["data"]["identity"]["kind"] == "tfds":
        lines += ["datasets:", f"- {json.dumps(facts['data']['source'])}"]
    return "\n".join(["---", *lines, "---"])


def _introduction(description: dict, facts: dict | None) -> str:
    weights = "a moving average of its weights" if description["weights"] == "ema" else "its last weights"
    law = {"normal": "standard normal numbers", "uniform": "numbers uniform on [-1, 1]"}[
        description["latent_distribution"]
    ]
    size = f"{description['height']} × {description['width']}"
    channels = {1: "one gray channel", 3: "three channels (RGB)", 4: "four channels (RGBA)"}[description["channels"]]
    data = f" on\n{facts['data']['count']:,} images of `{facts['data']['source']}`" if facts is not None else ""
    names = description["class_names"]
    classes = ", and the number of a class," if names else ""
    rows = "".join(f"| {label} | {name} |\n" for label, name in enumerate(names))
    table = f"\n| label | class |\n| ---: | --- |\n{rows}" if names else ""
    return f"""# {description["name"]}

A generator of {size} images with {channels}: a DCGAN (Radford, Metz and Chintala,
[arXiv:1511.06434](https://arxiv.org/abs/1511.06434)) trained for {description["step"]:,} generator updates{data};
{weights}.

![Images made by this generator]({SAMPLES})

It maps a latent vector `z` of {description["latent_dim"]} {law}{classes} to an image with values in [-1, 1].
{table}"""


_UNKNOWN_LICENSE = """Nobody has named a license for this model. What you may do with it depends on the license of the
images that it was trained on."""

_FILES = """## Files

Each file was read back by a process without the training code, and its images were compared with the original's on 64
latent vectors. Differences are in units of the range [-1, 1], where a gray level is 0.0078; levels are of 0 to 255.
Times are for one image on the machine that exported, on all its cores unless the table says otherwise.

| file | read with | largest difference | mean difference | levels | MB | ms per image |
| --- | --- | ---: | ---: | ---: | ---: | ---: |"""

_TFLITE_ADVICE = """Of the TFLite files, `float16` suits most devices. `int8_dynamic` has int8 weights. `int8` computes
in integers throughout, for hardware that has nothing else.
"""


def _file_table(files: dict[str, dict]) -> str:
    lines, times = [_FILES], {}
    for name, entry in files.items():
        for finding in (each for each in entry["findings"] if each["artefact"] == name):
            time = "" if finding["ms_per_image"] is None else f"{finding['ms_per_image']:.2f}"
            title = READER_TITLES.get(finding["reader"], finding["reader"])  # earlier versions had other readers
            if time:
                times[f"`{entry['files'][name]}` with {title}"] = finding["ms_per_image"]
            lines.append(
                f"| `{entry['files'][name]}` | {title} | {finding['largest']:.1e} "
                f"| {finding['mean']:.1e} | {finding['levels']} | {finding['bytes'] / 1e6:.2f} | {time} |"
            )
    advice = [f"The fastest on that machine was {min(times, key=times.get)}.\n"] if times else []
    advice += [_TFLITE_ADVICE] if any(name.startswith("tflite") for name in files) else []
    return "\n".join([*lines, "", *advice, "`export.json` holds the same numbers, and the operators."])


def _use(places: dict[str, str], description: dict) -> str:
    """How to use each file, by artefact name; places are relative to the card."""
    conditional = bool(description["class_names"])
    parts = ["## Use", _USE, _python(_inputs(description))]
    if conditional:
        parts.append(_LABELS.format(highest=len(description["class_names"]) - 1))
    if "saved_model" in places:
        parts.append(_use_saved_model(places["saved_model"], description))
    if "keras" in places:
        model = f"keras.saving.load_model({places['keras']!r})"
        call = "[z, label]" if conditional else "z"
        code = f"import keras\n\nimages = keras.ops.convert_to_numpy({model}({call}, training=False))"
        parts.append(f"{_KERAS}\n\n{_python(code)}")
    if tflite := [place for name, place in places.items() if name.startswith("tflite")]:
        file = next((place for place in tflite if "float16" in place), tflite[0])
        imported = "from ai_edge_litert.interpreter import Interpreter  # pip install ai-edge-litert"
        call = "z=z, label=label" if conditional else "z=z"
        runner = f"Interpreter({file!r}).get_signature_runner()"
        parts.append("TFLite, one image a call:\n\n" + _python(f'{imported}\n\nimages = {runner}({call})["images"]'))
    if "onnx" in places:
        session = f"onnxruntime.InferenceSession({places['onnx']!r})"
        inputs = '{"z": z, "label": label}' if conditional else '{"z": z}'
        call = f'{session}.run(["images"], {inputs})[0]'
        parts.append("ONNX Runtime:\n\n" + _python(f"import onnxruntime\n\nimages = {call}"))
    parts.append("All of them give floats in [-1, 1]. As pixels, and as a file:\n\n" + _python(_PIXELS))
    return "\n\n".join(parts)


_USE = f"""One seed is one image, everywhere; the examples make that of seed {SEED}. A seed's `z` is drawn as TensorFlow
draws it, up to 3e-7, with NumPy alone:"""

_LABELS = """Labels are from 0 to {highest}; where none is asked for, a seed has the class of its number modulo their
count. TFLite and ONNX files take a label out of range as the nearest class, and the SavedModel refuses it. The Keras
file does not check it: some backends make an image of no class, others end in an error."""

_KERAS = f"""Keras from version {OLDEST_KERAS} on, as far as it has the layers, on TensorFlow, JAX, PyTorch or another
of its backends (the environment variable `KERAS_BACKEND`):"""

_PIXELS = """from PIL import Image

pixels = np.round((np.asarray(images) + 1) / 2 * 255).astype(np.uint8)
Image.fromarray(pixels[0].squeeze()).save("image.png")"""


def _python(code: str) -> str:
    return f"```python\n{code}\n```"


def _inputs(description: dict) -> str:
    law = json.dumps(description["latent_distribution"])
    drawn = f"seed_to_latent({SEED}, {description['latent_dim']}, {law})"
    lines = ["import numpy as np\n\n", inspect.getsource(seed_to_latent), f"\nz = {drawn}"]
    if names := description["class_names"]:
        label = SEED % len(names)
        lines.append(f"label = np.array([{label}], np.int32)  # {names[label]}")
    return "\n".join(lines)


def _use_saved_model(place: str, description: dict) -> str:
    name, label_input, instance, label = description["name"], "", str(SEED), ""
    if description["class_names"]:
        label_input, instance = ", label=tf.constant(label)", f'{{"seed": {SEED}, "label": -1}}'
        label = "\nEach also takes `label` int32 [n]; with seeds, -1 stands for the seed's own class.\n"
    most = Description.from_dict(description).largest_requests
    code = f"""import tensorflow as tf

signatures = tf.saved_model.load({place!r}).signatures
images = signatures["serving_default"](z=tf.constant(z){label_input})["images"]
same = signatures["generate"](seed=tf.constant([{SEED}], tf.int64){label_input})["images"]  # uint8"""
    return f"""TensorFlow:

{_python(code)}

TF Serving, which answers with PNG files in base64:

```
{serving_command(f'"$PWD/{Path(place).parent}:/models/{name}:ro"', name)}
curl http://localhost:8501/v1/models/{name}:predict -d '{{"signature_name": "generate_png", "instances": [{instance}]}}'
```

| signature | from | to | images at most |
| --- | --- | --- | ---: |
| `serving_default` | `z` float32 [n, {description["latent_dim"]}] | floats in [-1, 1] | {most["serving_default"]} |
| `generate` | `seed` int64 [n], from 0 to 2^62 | uint8 | {most["generate"]} |
| `generate_png` | `seed` int64 [n] | PNG files | {most["generate_png"]} |
| `interpolate` | `start`, `end` int64 [n]; `fraction` float32 [n], 0 to 1 | PNG files | {most["interpolate"]} |
{label}
The image of TF Serving is for amd64 processors alone. On Macs with Apple chips Docker has to emulate one
(`docker run --platform linux/amd64`), where TensorFlow has been reported to crash
([tensorflow/serving#1948](https://github.com/tensorflow/serving/issues/1948)); the other ways need no server."""


def serving_command(volume: str, name: str) -> str:
    """The command that serves a model to this machine alone, not as root; `volume` is docker's argument -v, quoted."""
    safe = 'docker run --rm --user "$(id -u):$(id -g)" --cap-drop=ALL -p 127.0.0.1:8501:8501'
    return f"{safe} -v {volume} -e MODEL_NAME={name} tensorflow/serving:2.20.0"


def _evaluations(rows: list[dict]) -> str:
    if not rows:
        return ""
    lines = ["## Evaluations", "", "| metric | features | value | samples |", "| --- | --- | ---: | ---: |"]
    for row in rows:
        features, samples = row.get("extractor") or "", row.get("samples") or 0
        lines.append(f"| {row['metric']} | {features} | {row['value']:.4g} | {samples:,} |")
    return "\n".join(lines)


def _training(facts: dict) -> str:
    config = {
        section: {name: value for name, value in values.items() if name not in _PRIVATE}
        for section, values in facts["config"].items()
        if section not in ("device", "report")
    }
    data = {name: value for name, value in facts["data"].items() if name not in ("identity", "skipped", "seconds")}
    shown = {"preset": facts["preset"], "config": config, "data": data, "versions": facts["versions"]}
    dump = json.dumps(shown, indent=2)
    return f"## Training\n\n<details><summary>Configuration and data</summary>\n\n```json\n{dump}\n```\n\n</details>"
