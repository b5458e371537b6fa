"""The model card: a README.md in the form of the Hugging Face Hub, so that an export folder can be uploaded."""

import hashlib
import json
from pathlib import Path

from dcgan_tf import files
from dcgan_tf.export.description import Description
from dcgan_tf.export.exporter import REPORT, SAMPLES, Export

CARD = "README.md"


def write(out: Path, export: Export, description: Description, run: dict) -> Path:
    """Writes the card for an export.

    A card that somebody has changed since it was written is kept; the new one then lies beside it.

    Args:
        out: the export folder.
        export: what lies there now.
        description: of the generator.
        run: what `config.json` holds: "config", "preset", "data", "versions", and "evaluations", which may be empty.

    Returns:
        The file.
    """
    path = out / CARD
    mark = out / f".{CARD}.sha256"  # of the card as it was written
    if path.exists() and (not mark.exists() or mark.read_text() != _digest(path)):
        path = out / f"README-{export.version}.md"
    with files.written_aside(path) as temporary:
        temporary.write_text(_text(out, export, description, run))
    if path.name == CARD:
        mark.write_text(_digest(path))
    return path


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _text(out: Path, export: Export, description: Description, run: dict) -> str:
    parts = [
        _metadata(description, run),
        _introduction(description, run),
        _file_table(out, export),
        _use(out, export, description),
        _evaluations(run["evaluations"]),
        _training(run),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _metadata(description: Description, run: dict) -> str:
    tags = ["dcgan", "gan", "image-generation", "tensorflow", "tflite"]
    lines = ["library_name: keras", "pipeline_tag: unconditional-image-generation", "tags:"]
    lines += [f"- {tag}" for tag in tags]
    lines += ["datasets:", f"- {json.dumps(run['data']['source'])}"]
    return "\n".join(["---", *lines, "---"])


def _introduction(description: Description, run: dict) -> str:
    weights = "a moving average of its weights" if description.weights == "ema" else "its last weights"
    law = {"normal": "standard normal numbers", "uniform": "numbers uniform on [-1, 1]"}[description.latent_law]
    data, size = run["data"], f"{description.height} × {description.width}"
    return f"""# {description.name}

A generator of {size} images with {_channels(description.channels)}: a DCGAN (Radford, Metz and Chintala,
[arXiv:1511.06434](https://arxiv.org/abs/1511.06434)) trained for {description.step:,} generator updates on
{data["count"]:,} images of `{data["source"]}`; {weights}.

![Images of the seeds 0 to 63]({SAMPLES})

It maps a latent vector `z` of {description.latent_dim} {law} to an image with values in [-1, 1];
`uint8 = round(255 (x + 1) / 2)`."""


def _channels(count: int) -> str:
    return {1: "one grey channel", 3: "three channels (RGB)", 4: "four channels (RGBA)"}[count]


def _file_table(out: Path, export: Export) -> str:
    lines = [
        "## Files",
        "",
        "Each was read again by a process without the training code and compared with the original on 64 latents. "
        "Differences are in units of the range [-1, 1], levels in 1/255.",
        "",
        "| file | read with | largest difference | mean difference | levels | MB | ms per image |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for finding in export.findings:
        if finding.problem or finding.artefact not in export.paths:
            continue
        place = export.paths[finding.artefact].relative_to(out)
        time = "" if finding.ms_per_image is None else f"{finding.ms_per_image:.2f}"
        lines.append(
            f"| `{place}` | {finding.reader} | {finding.largest:.1e} | {finding.mean:.1e} | {finding.levels} "
            f"| {finding.bytes / 1e6:.2f} | {time} |"
        )
    return "\n".join([*lines, "", f"Operators of each are in `{REPORT}`."])


def _use(out: Path, export: Export, description: Description) -> str:
    places = {name: str(path.relative_to(out)) for name, path in export.paths.items()}
    parts = ["## Use"]
    draw = {
        "normal": f"np.random.default_rng(0).normal(size=(1, {description.latent_dim})).astype(np.float32)",
        "uniform": f"np.random.default_rng(0).uniform(-1, 1, (1, {description.latent_dim})).astype(np.float32)",
    }[description.latent_law]
    parts.append(f"```python\nimport numpy as np\n\nz = {draw}\n```")
    if "saved_model" in places:
        parts.append(_use_saved_model(places["saved_model"], description))
    if "keras" in places:
        parts.append(
            "Keras:\n\n```python\nimport keras\n\n"
            f"images = keras.saving.load_model({places['keras']!r})(z, training=False)\n```"
        )
    if light := next((places[name] for name in places if name.startswith("tflite")), None):
        parts.append(
            "TFLite, one image a call:\n\n```python\nfrom ai_edge_litert.interpreter import Interpreter  "
            "# or tf.lite.Interpreter\n\n"
            f"images = Interpreter({light!r}).get_signature_runner()(z=z)['images']\n```"
        )
    if "onnx" in places:
        parts.append(
            "ONNX Runtime:\n\n```python\nimport onnxruntime\n\n"
            f"images = onnxruntime.InferenceSession({places['onnx']!r}).run(['images'], {{'z': z}})[0]\n```"
        )
    return "\n\n".join(parts)


def _use_saved_model(place: str, description: Description) -> str:
    name, base = description.name, str(Path(place).parent)
    return f"""TensorFlow:

```python
import tensorflow as tf

signatures = tf.saved_model.load({place!r}).signatures
images = signatures["serving_default"](z=tf.constant(z))["images"]
seventeen = signatures["generate"](seed=tf.constant([17], tf.int64))["images"]  # uint8; one seed, one image
```

TF Serving:

```
docker run -p 8500:8500 -p 8501:8501 -v "$PWD/{base}:/models/{name}" -e MODEL_NAME={name} tensorflow/serving:2.20.0
curl http://localhost:8501/v1/models/{name}:predict -d '{{"signature_name": "generate_png", "instances": [17]}}'
```

Signatures: `serving_default` (z float32 [n, {description.latent_dim}] to images float32), `generate` (seed int64 [n] to
images uint8), `generate_png` (seed int64 [n] to PNG files), `interpolate` (start, end, steps to PNG files)."""


def _evaluations(rows: list[dict]) -> str:
    if not rows:
        return ""
    lines = ["## Evaluations", "", "| metric | value | samples | step |", "| --- | ---: | ---: | ---: |"]
    lines += [f"| {row['metric']} | {row['value']:.4g} | {row['samples']:,} | {row['step']:,} |" for row in rows]
    return "\n".join(lines)


def _training(run: dict) -> str:
    shown = {"preset": run["preset"], **{name: run[name] for name in ("config", "data", "versions")}}
    return f"## Training\n\n```json\n{json.dumps(shown, indent=2)}\n```"
