"""Layer tables, and how much memory training takes."""

import contextlib
import math
import os
import re
import subprocess
from pathlib import Path

import keras
import tensorflow as tf

from dcgan_tf.config import Config
from dcgan_tf.models import networks

GIB = 1024**3
CONTAINER_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
TENSORFLOW_GIB = 0.7
"""Memory of TensorFlow itself. Like the estimate below fitted to peak memory on a CPU, to within a tenth, for six
presets and batches from 16 to 256."""


def layer_table(model: keras.Model) -> str:
    """Name, output shape and parameters of every layer, and the sums."""
    rows = [("layer", "output", "parameters", "trainable")]
    for layer in model.layers:
        trainable = sum(math.prod(variable.shape) for variable in layer.trainable_variables)
        shape = "x".join(str(side) for side in layer.output.shape[1:])
        rows.append((layer.name, shape, f"{layer.count_params():,}", f"{trainable:,}"))
    rows.append((f"{model.name} total", "", f"{model.count_params():,}", f"{networks.trainable_count(model):,}"))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return "\n".join(
        f"  {row[0]:<{widths[0]}}  {row[1]:<{widths[1]}}  {row[2]:>{widths[2]}}  {row[3]:>{widths[3]}}" for row in rows
    )


def training_bytes(config: Config, generator: keras.Model, discriminator: keras.Model) -> int:
    """A rough estimate of the memory that training takes on all devices together, without TensorFlow itself."""
    variables, per_image = _parts(config, generator, discriminator)
    return variables + config.training.batch_size * per_image


def memory_warning(config: Config, generator: keras.Model, discriminator: keras.Model) -> str:
    """One line if training needs more memory than there is, with a batch size that would fit; else ""."""
    needed = training_bytes(config, generator, discriminator) / GIB + TENSORFLOW_GIB
    limit, place = memory_limit(config)
    if needed <= limit:
        return ""
    variables, per_image = _parts(config, generator, discriminator)
    fitting = int((limit - TENSORFLOW_GIB) * GIB - variables) // per_image
    batch = 1 << (fitting.bit_length() - 1) if fitting >= 2 else 0
    remedy = f"`batch_size={batch}` would fit" if batch else "use a smaller `image_size` or fewer `base_filters`"
    return f"warning: training needs about {needed:.1f} GiB of memory, and {place} {limit:.1f} GiB; {remedy}"


def memory_limit(config: Config) -> tuple[float, str]:
    """GiB of memory that training may use, and a subject and verb for it: the GPUs', or this machine's."""
    if gpus := tf.config.get_visible_devices("GPU"):
        used = 1 if config.device.strategy == "one_device" else config.device.devices or len(gpus)
        with contextlib.suppress(OSError, subprocess.SubprocessError, ValueError):
            query = ["nvidia-smi", "-q", "-d", "MEMORY"]
            answer = subprocess.run(query, capture_output=True, text=True, check=True, timeout=10).stdout
            totals = re.findall(r"FB Memory Usage\s+Total\s*:\s*(\d+) MiB", answer)
            return used * min(map(int, totals)) / 1024, "the GPUs have" if used > 1 else "the GPU has"
        return math.inf, "the GPU has"
    limits = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for path in CONTAINER_LIMITS:
        with contextlib.suppress(OSError, ValueError):  # another version of cgroups, or "max"
            limits.append(int(path.read_text()))
    return min(limits) / GIB, "this machine has"


def _parts(config: Config, generator: keras.Model, discriminator: keras.Model) -> tuple[int, int]:
    """Bytes of the variables, and of the outputs of all layers for one image."""
    g, d = networks.trainable_count(generator), networks.trainable_count(discriminator)
    variables = 4 * (
        4 * (g + d) + g + (g if config.training.ema_decay else 0)
    )  # weights, gradients, Adam's two; copies
    size = 4 if config.training.precision == "float32" else 2
    # real and generated images pass the discriminator; a gradient penalty takes about as much as one more pass
    passes = 3 if config.loss.r1 else 2
    return variables, size * (_outputs(generator) + passes * _outputs(discriminator))


def _outputs(model: keras.Model) -> int:
    return sum(math.prod(layer.output.shape[1:]) for layer in model.layers)
