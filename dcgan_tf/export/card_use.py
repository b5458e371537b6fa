"""The part of a model card that says how to use each file; its Python blocks run one after another."""

from pathlib import Path


def text(places: dict[str, str], description: dict) -> str:
    """The section "Use".

    Args:
        places: artefact name to its file, relative to the card.
        description: see `Description`, as plain values.
    """
    conditional = bool(description["class_names"])
    parts = ["## Use", _python(_inputs(description))]
    if "saved_model" in places:
        parts.append(_saved_model(places["saved_model"], description))
    if "keras" in places:
        model = f"keras.saving.load_model({places['keras']!r})"
        call = "[z, label]" if conditional else "z"
        parts.append("Keras:\n\n" + _python(f"import keras\n\nimages = {model}({call}, training=False)"))
    if light := _light(places):
        imported = "from ai_edge_litert.interpreter import Interpreter  # pip install ai-edge-litert"
        call = "z=z, label=label" if conditional else "z=z"
        runner = f"Interpreter({light!r}).get_signature_runner()"
        parts.append("TFLite, one image a call:\n\n" + _python(f'{imported}\n\nimages = {runner}({call})["images"]'))
    if "onnx" in places:
        session = f"onnxruntime.InferenceSession({places['onnx']!r})"
        inputs = '{"z": z, "label": label}' if conditional else '{"z": z}'
        call = f'{session}.run(["images"], {inputs})[0]'
        parts.append("ONNX Runtime:\n\n" + _python(f"import onnxruntime\n\nimages = {call}"))
    parts.append("All of them give floats in [-1, 1]. As pixels, and as a file:\n\n" + _python(_PIXELS))
    return "\n\n".join(parts)


_PIXELS = """from PIL import Image

pixels = np.round((np.asarray(images) + 1) / 2 * 255).astype(np.uint8)
Image.fromarray(pixels[0].squeeze()).save("image.png")"""


def _light(places: dict[str, str]) -> str | None:
    found = [place for name, place in places.items() if name.startswith("tflite")]
    return next((place for place in found if "float16" in place), next(iter(found), None))


def _python(code: str) -> str:
    return f"```python\n{code}\n```"


def _inputs(description: dict) -> str:
    size = f"(1, {description['latent_dim']})"
    law = {"normal": f"normal(size={size})", "uniform": f"uniform(-1, 1, {size})"}[description["latent_law"]]
    lines = ["import numpy as np", "", f"z = np.random.default_rng(0).{law}.astype(np.float32)"]
    if description["class_names"]:
        lines.append(f"label = np.array([0], np.int32)  # {description['class_names'][0]}")
    return "\n".join(lines)


def _saved_model(place: str, description: dict) -> str:
    name, dim, base = description["name"], description["latent_dim"], str(Path(place).parent)
    of_z, of_seed, instance, label = "", "", "17", ""
    if description["class_names"]:
        of_z, of_seed = ", label=tf.constant(label)", ", label=tf.constant(label)"
        instance = '{"seed": 17, "label": 0}'
        label = " Each takes `label` int32 as well; where it goes with seeds, -1 is the seed's own class."
    code = f"""import tensorflow as tf

signatures = tf.saved_model.load({place!r}).signatures
images = signatures["serving_default"](z=tf.constant(z){of_z})["images"]
seventeen = signatures["generate"](seed=tf.constant([17], tf.int64){of_seed})["images"]  # uint8"""
    return f"""TensorFlow:

{_python(code)}

TF Serving, which answers with PNG files in base64:

```
docker run -p 8500:8500 -p 8501:8501 -v "$PWD/{base}:/models/{name}" -e MODEL_NAME={name} tensorflow/serving:2.20.0
curl http://localhost:8501/v1/models/{name}:predict -d '{{"signature_name": "generate_png", "instances": [{instance}]}}'
```

Signatures: `serving_default` (z float32 [n, {dim}] to images float32), `generate` (seed int64 [n] to images uint8),
`generate_png` (seed int64 [n] to PNG files), `interpolate` (seeds start and end, and the number of steps with both
ends, to PNG files).{label} One seed is one image, everywhere. A request holds from 1 to 256 images; seeds are from 0 to
2^62."""
