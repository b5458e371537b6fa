"""The configuration of a run: frozen dataclasses, one field per setting.

Flags, `config.json`, validation and the check on resume are all generated from these fields, so a setting is written
once. A field whose `trajectory` is False may change when a run is continued; all others define the run.
"""

import dataclasses
import math
from dataclasses import dataclass, field, fields
from typing import Any

from dcgan_tf import geometry
from dcgan_tf.errors import ArgumentError


def setting(
    default: Any,
    text: str,
    *,
    choices: tuple = (),
    minimum: float | None = None,
    maximum: float | None = None,
    below: float | None = None,
    above: float | None = None,
    trajectory: bool = True,
    flag: bool = True,
) -> Any:
    """A dataclass field with its help text, the values it allows, and whether the course of a run depends on it.

    One without a `flag` is not the user's to set; it follows from the data set.
    """
    metadata = {
        "text": text,
        "choices": choices,
        "minimum": minimum,
        "maximum": maximum,
        "below": below,
        "above": above,
        "trajectory": trajectory,
        "flag": flag,
    }
    return field(default=default, metadata=metadata)


class Section:
    """Checks every field against its own declaration as soon as a section is made."""

    def __post_init__(self):
        for item in fields(self):
            _check(item, getattr(self, item.name))


def _check(item: dataclasses.Field, value: Any) -> None:
    rule = item.metadata
    if rule["choices"] and value not in rule["choices"]:
        raise ArgumentError(item.name, value, f"choose one of {', '.join(map(str, rule['choices']))}")
    bounds = {key: rule[key] for key in ("minimum", "above", "maximum", "below") if rule[key] is not None}
    if not bounds:
        return
    holds = {
        "minimum": lambda limit: value >= limit,
        "maximum": lambda limit: value <= limit,
        "above": lambda limit: value > limit,
        "below": lambda limit: value < limit,
    }
    if not math.isfinite(value) or not all(holds[key](limit) for key, limit in bounds.items()):
        words = {"minimum": "at least", "maximum": "at most", "above": "above", "below": "below"}
        wanted = " and ".join(f"{words[key]} {limit:g}" for key, limit in bounds.items())
        raise ArgumentError(item.name, value, f"it must be {wanted}")


@dataclass(frozen=True)
class DataConfig(Section):
    """Where the images come from and what is done to them before they are stored, and while they are read."""

    dataset: str = setting(
        "digits",
        "digits (1,797 scans that come with scikit-learn), a TensorFlow Datasets name (mnist, cifar10, celeb_a, "
        "lsun/bedroom, ...), or the path of a folder, .zip or .npz of images",
        trajectory=False,  # a data set may move; its checksum may not change, and is checked on resume
    )
    split: str = setting("train", "split of a TensorFlow Datasets data set, in its own notation (train, train[:50000])")
    data_dir: str = setting(
        "",
        "where TensorFlow Datasets keeps its data; default: TFDS_DATA_DIR, else ~/tensorflow_datasets",
        trajectory=False,
    )
    cache_dir: str = setting(
        "",
        "where prepared image stores are kept; default: DCGAN_TF_CACHE_DIR, else ~/.cache/dcgan_tf",
        trajectory=False,
    )
    crop: str = setting(
        "center",
        "center: the largest centred piece of the right shape, then resized; none: resized whole, which stretches",
        choices=("center", "none"),
    )
    flip: bool = setting(
        False, "mirror each training image left to right with probability 1/2 (not for digits or text)"
    )


@dataclass(frozen=True)
class ModelConfig(Section):
    """Both networks.

    The largest scale has `base_filters`; each smaller one has twice as many, up to eight times.
    """

    image_size: geometry.Size = setting((32, 32), "side of the square image (64), or height x width (64x96), in pixels")
    channels: int = setting(3, "1 grey, 3 RGB, 4 RGBA; default: what the data set has", choices=(1, 3, 4))
    conditional: bool = setting(
        False,
        "tell both networks each image's class, appended to z and to every further input, as in the paper's MNIST "
        "code; the data set must have labels",
    )
    classes: int = setting(
        0,
        "classes of the data set where the networks are conditional, else 0",
        minimum=0,
        trajectory=False,  # labels are part of the data set's checksum, which is checked on resume
        flag=False,
    )
    latent_dim: int = setting(100, "length of the latent vector z", minimum=1, maximum=65536)
    latent_law: str = setting(
        "normal", "law of z: uniform on [-1, 1] (paper) or standard normal", choices=("uniform", "normal")
    )
    kernel_size: int = setting(
        4, "side of the convolution kernels; 4 divides the stride evenly, the paper has 5", minimum=2, maximum=9
    )
    base_filters: int = setting(64, "filters of the layers at the largest scale", minimum=1, maximum=1024)
    layers_per_scale: int = setting(
        1, "1: only strided convolutions; 2: a stride-1 convolution beside each strided one", choices=(1, 2)
    )
    generator_depth: int = setting(
        0, "stride-2 layers of the generator; 0: as many as leave a grid of 4 to 7", minimum=0, maximum=8
    )
    discriminator_depth: int = setting(
        0, "stride-2 layers of the discriminator; 0: as many as leave a grid of 4 to 7", minimum=0, maximum=8
    )
    projection: str = setting(
        "channel_norm",
        "after the projection of z: unit_norm (batch norm per unit, as in the paper's code), channel_norm (per "
        "channel), or linear (neither batch norm nor ReLU)",
        choices=("unit_norm", "channel_norm", "linear"),
    )
    hidden_units: int = setting(
        0,
        "units of a fully connected layer before the projection, and of one before the last layer of the "
        "discriminator; 0: none (paper); its MNIST code has 1024",
        minimum=0,
        maximum=65536,
    )
    output: str = setting(
        "tanh",
        "last activation of the generator: tanh (paper), or sigmoid (its MNIST code), and then the discriminator sees "
        "pixels from 0 to 1",
        choices=("tanh", "sigmoid"),
    )
    use_bias: bool = setting(False, "give the layers that no batch norm follows a bias (the paper's have none)")
    head: str = setting(
        "flatten",
        "last layer of the discriminator: flatten into one unit (paper), or global average pooling first (more "
        "stable, slower to converge)",
        choices=("flatten", "average"),
    )
    norm_momentum: float = setting(
        0.9, "how much of its running statistics batch norm keeps per pass", minimum=0, below=1
    )
    norm_epsilon: float = setting(1e-5, "added to the variance in batch norm", above=0, maximum=0.1)
    norm_affine: bool = setting(True, "give batch norm a gain and an offset (the paper's MNIST code has none)")

    def __post_init__(self):
        super().__post_init__()
        geometry.doublings(self.image_size, self.generator_depth)
        geometry.doublings(self.image_size, self.discriminator_depth)
        if self.conditional != (self.classes > 0):
            raise ArgumentError("conditional", self.conditional, "it goes with the classes of a labelled data set")


@dataclass(frozen=True)
class LossConfig(Section):
    """What the networks minimise."""

    loss: str = setting(
        "bce", "bce (paper: cross-entropy on logits, non-saturating) or lsgan (least squares)", choices=("bce", "lsgan")
    )
    label_smoothing: float = setting(
        0.0, "the discriminator's target for real images is 1 minus this; 0 in the paper", minimum=0, below=0.5
    )


@dataclass(frozen=True)
class OptimizerConfig(Section):
    """Adam for both networks (paper, section 4)."""

    learning_rate: float = setting(2e-4, "Adam's step size", above=0, maximum=1)
    decay_start: int = setting(0, "step from which the learning rate falls, see decay_steps", minimum=0, maximum=10**9)
    decay_steps: int = setting(
        0,
        "steps over which the learning rate falls evenly to 0, where training ends (paper's MNIST code: the second "
        "half); 0: it stays as it is",
        minimum=0,
        maximum=10**9,
    )
    beta_1: float = setting(0.5, "Adam's decay of the first moment; 0.9 oscillates", minimum=0, below=1)
    beta_2: float = setting(0.999, "Adam's decay of the second moment", minimum=0, below=1)
    epsilon: float = setting(1e-8, "Adam's guard against division by zero", above=0, maximum=0.1)
    l2: float = setting(
        0.0, "l2 * p is added to the gradient of every parameter p (paper's code: 1e-5)", minimum=0, maximum=1
    )

    def __post_init__(self):
        super().__post_init__()
        if self.decay_start and not self.decay_steps:
            raise ArgumentError(
                "decay_start", self.decay_start, "say over how many steps it falls as well (--decay_steps)"
            )


@dataclass(frozen=True)
class TrainingConfig(Section):
    """The course of training."""

    batch_size: int = setting(128, "images per update, over all devices together", minimum=2, maximum=65536)
    steps: int = setting(5000, "generator updates to train in all", minimum=1, maximum=10**9, trajectory=False)
    update: str = setting(
        "simultaneous",
        "simultaneous: one generator pass serves both updates (fast); algorithm1: d_steps discriminator updates on "
        "fresh images and latents, then one generator update on fresh latents (Goodfellow et al., 2014)",
        choices=("simultaneous", "algorithm1"),
    )
    d_steps: int = setting(
        1, "discriminator updates per generator update (k); above 1 needs algorithm1", minimum=1, maximum=100
    )
    ema_decay: float = setting(
        0.0,
        "decay of the generator's moving average, from which samples are drawn; 0: none (paper)",
        minimum=0,
        below=1,
    )
    precision: str = setting(
        "float32",
        "number format of the layers; the mixed ones keep float32 variables, mixed_float16 scales the loss",
        choices=("float32", "mixed_bfloat16", "mixed_float16"),
    )
    jit: bool = setting(False, "compile the step with XLA (GPUs and TPUs; slower on CPUs)")
    steps_per_execution: int = setting(
        1,
        "updates inside one graph call; more saves Python's time on fast devices",
        minimum=1,
        maximum=10000,
        trajectory=False,
    )
    seed: int = setting(0, "everything random follows from this number", minimum=0, maximum=2**31 - 1)

    def __post_init__(self):
        super().__post_init__()
        if self.update == "simultaneous" and self.d_steps > 1:
            raise ArgumentError("d_steps", self.d_steps, "more than one discriminator update needs --update=algorithm1")


@dataclass(frozen=True)
class DeviceConfig(Section):
    """What computes. None of it changes the run beyond the rounding of sums."""

    strategy: str = setting(
        "auto",
        "auto (a cluster where one is configured, else every visible GPU, else the CPU), one_device, mirrored (several "
        "devices of this machine), or multi_worker (several machines)",
        choices=("auto", "one_device", "mirrored", "multi_worker"),
        trajectory=False,
    )
    devices: int = setting(
        0,
        "GPUs to use, or, where there is none, parts that the CPU is divided into; 0: every GPU, or one CPU",
        minimum=0,
        maximum=1024,
        trajectory=False,
    )
    worker_hosts: str = setting(
        "",
        "host:port of every worker, comma-separated, the first is the chief; not needed where TF_CONFIG is set",
        trajectory=False,
    )
    worker_index: int = setting(
        -1,
        "which of --worker_hosts this process is, from 0; -1: JOB_COMPLETION_INDEX",
        minimum=-1,
        trajectory=False,
    )
    deterministic: bool = setting(
        False, "make GPUs compute the same bits every time, more slowly; CPUs do so anyway", trajectory=False
    )


@dataclass(frozen=True)
class ReportConfig(Section):
    """What is written down on the way, and how often. None of it changes the run."""

    log_every: int = setting(20, "steps between rows of metrics.jsonl", minimum=1, trajectory=False)
    sample_every: int = setting(250, "steps between sample grids", minimum=1, trajectory=False)
    checkpoint_every: int = setting(500, "steps between checkpoints", minimum=1, trajectory=False)
    keep_checkpoints: int = setting(3, "latest checkpoints to keep", minimum=1, trajectory=False)
    sample_count: int = setting(64, "images in a sample grid", minimum=1, maximum=4096, trajectory=False)
    evaluate_every: int = setting(
        500,
        "steps between scores of the generator that samples are drawn from (2,000 images; 1 to 3 % of the time): rows "
        "of scores.jsonl, checkpoints/best, and what a collapse is noticed by; 0: none of these",
        minimum=0,
        trajectory=False,
    )
    stop_on_collapse: bool = setting(
        False,
        "end training, with a checkpoint and exit code 3, when the samples collapse or the losses diverge; "
        "generate.py --checkpoint=best then makes images with the best weights",
        trajectory=False,
    )

    def __post_init__(self):
        super().__post_init__()
        if self.stop_on_collapse and not self.evaluate_every:
            raise ArgumentError("stop_on_collapse", True, "a collapse is noticed by --evaluate_every; give it 500, say")


@dataclass(frozen=True)
class Config:
    """All that a run depends on."""

    data: DataConfig = DataConfig()
    model: ModelConfig = ModelConfig()
    loss: LossConfig = LossConfig()
    optimizer: OptimizerConfig = OptimizerConfig()
    training: TrainingConfig = TrainingConfig()
    device: DeviceConfig = DeviceConfig()
    report: ReportConfig = ReportConfig()

    def __post_init__(self):
        last = self.optimizer.decay_start + self.optimizer.decay_steps
        if self.optimizer.decay_steps and self.training.steps > last:
            raise ArgumentError("steps", self.training.steps, f"the learning rate is 0 from step {last:,} on, by "
                               "--decay_start and --decay_steps; train up to there, or set these as well")  # fmt: skip

    def with_settings(self, values: dict[str, Any]) -> "Config":
        """A copy with some settings replaced, by their names alone: `with_settings({"batch_size": 64})`."""
        sections = {}
        for part in fields(self):
            section = getattr(self, part.name)
            own = {item.name: values[item.name] for item in fields(section) if item.name in values}
            sections[part.name] = dataclasses.replace(section, **own)
        unknown = set(values) - {item.name for item in all_settings()}
        if unknown:
            raise KeyError(f"not settings: {sorted(unknown)}")
        return Config(**sections)

    def value(self, name: str) -> Any:
        """The value of the setting of that name."""
        for part in fields(self):
            section = getattr(self, part.name)
            if hasattr(section, name):
                return getattr(section, name)
        raise KeyError(name)

    def to_dict(self) -> dict[str, dict[str, Any]]:
        """Nested plain values, as `config.json` holds them."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, dict[str, Any]]) -> "Config":
        """The inverse of `to_dict`; JSON's lists become tuples again.

        Raises:
            TypeError: when a section or a setting is unknown.
        """
        sections = {part.name: part.type for part in fields(cls)}
        made = {}
        for name, section in values.items():
            plain = {key: tuple(item) if isinstance(item, list) else item for key, item in section.items()}
            made[name] = sections[name](**plain)
        return cls(**made)

    def trajectory_differences(self, other: "Config") -> list[str]:
        """Names of the settings that differ and on which the course of a run depends."""
        return [
            item.name
            for item in all_settings()
            if item.metadata["trajectory"] and self.value(item.name) != other.value(item.name)
        ]


def all_settings() -> list[dataclasses.Field]:
    """The fields of every section, in order. Their names are unique."""
    return [item for part in fields(Config) for item in fields(part.type)]
