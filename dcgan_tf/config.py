"""The configuration of a run: frozen dataclasses, one field per setting.

Flags, `config.json`, validation and the check on resume are all generated from these fields, so each setting is written
once. A field with `affects_results=False` may change when a run is continued; all others define the run.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from dcgan_tf import augmentations, geometry, losses
from dcgan_tf.errors import ArgumentError, did_you_mean
from dcgan_tf.settings import Section, check, converted, setting

CUSTOM_NETWORKS = {
    ("generator",): "generator",
    ("discriminator",): "discriminator",
    ("generator", "discriminator"): "generator and discriminator",
}
"""What `custom_networks` says of which networks are the user's own."""

OLD_NAMES = {"latent_law": "latent_distribution"}
"""Settings that were renamed: runs and scripts from before go on working."""


@dataclass(frozen=True)
class DataConfig(Section):
    """Where the images come from, and how they are prepared."""

    dataset: str = setting(
        "digits",
        "digits (1,797 scans that come with scikit-learn), a TensorFlow Datasets name (mnist, cifar10, celeb_a, "
        "lsun/bedroom, ...), or the path of a folder, .zip or .npz of images",
        affects_results=False,  # a data set may move; its checksum may not change, and is checked on resume
    )
    split: str = setting(
        "train",
        "split of a TensorFlow Datasets data set, in its notation (train, train[:50000]); or which of the folders "
        "train/, test/, validation/ to take",
    )
    data_dir: str = setting(
        "",
        "directory of TensorFlow Datasets; default: TFDS_DATA_DIR, else ~/tensorflow_datasets",
        affects_results=False,
    )
    cache_dir: str = setting(
        "",
        "directory for prepared images; default: DCGAN_TF_CACHE_DIR, else ~/.cache/dcgan_tf",
        affects_results=False,
    )
    crop: str = setting(
        "center",
        "center: crop around the center to the right shape, then resize; none: resize without cropping (stretches)",
        choices=("center", "none"),
    )
    flip: bool = setting(False, "mirror each training image horizontally with probability 1/2 (not for digits or text)")


@dataclass(frozen=True)
class ModelConfig(Section):
    """Both networks.

    The largest scale has `base_filters`; each smaller one has twice as many, up to eight times.
    """

    image_size: geometry.Size = setting((32, 32), "side of a square image (64), or height x width (64x96), in pixels")
    channels: int = setting(3, "1 gray, 3 RGB, 4 RGBA; default: as in the data set", choices=(1, 3, 4))
    conditional: bool = setting(
        False,
        "train with labels: the class of each image is appended to z and to the input of every layer, as in the "
        "paper's MNIST code; the data set must have labels",
    )
    classes: int = setting(
        0,
        "classes of the data set if the networks are conditional, else 0",
        minimum=0,
        affects_results=False,  # labels are part of the data set's checksum, which is checked on resume
        flag=False,
    )
    latent_dim: int = setting(100, "length of the latent vector z", minimum=1, maximum=65536)
    latent_distribution: str = setting(
        "normal", "distribution of z: uniform on [-1, 1] (paper) or standard normal", choices=("uniform", "normal")
    )
    kernel_size: int = setting(
        4, "side of the convolution kernels; 4 is a multiple of the stride, the paper uses 5", minimum=2, maximum=9
    )
    base_filters: int = setting(
        64,
        "filters of the layers at the largest scale; doubled at each smaller scale, up to eight times",
        minimum=1,
        maximum=1024,
    )
    layers_per_scale: int = setting(
        1, "1: strided convolutions only; 2: an additional stride-1 convolution at each scale", choices=(1, 2)
    )
    generator_depth: int = setting(
        0, "stride-2 layers of the generator; 0: as many as leave a grid of 4 to 7 pixels", minimum=0, maximum=8
    )
    discriminator_depth: int = setting(
        0, "stride-2 layers of the discriminator; 0: as many as leave a grid of 4 to 7 pixels", minimum=0, maximum=8
    )
    projection: str = setting(
        "channel_norm",
        "what follows the projection of z: unit_norm (batch norm per unit, as in the paper's code), channel_norm "
        "(batch norm per channel), or linear (neither batch norm nor ReLU)",
        choices=("unit_norm", "channel_norm", "linear"),
    )
    hidden_units: int = setting(
        0,
        "units of a fully connected layer before the projection, and of one before the last layer of the "
        "discriminator; 0: none (paper); the paper's MNIST code has 1024",
        minimum=0,
        maximum=65536,
    )
    output: str = setting(
        "tanh",
        "last activation of the generator: tanh (paper), or sigmoid (the paper's MNIST code), with which the "
        "discriminator sees pixels in [0, 1]",
        choices=("tanh", "sigmoid"),
    )
    use_bias: bool = setting(False, "add a bias to layers that are not followed by batch norm (the paper has none)")
    d_norm: str = setting(
        "batch",
        "normalization in the discriminator: batch (paper), none, or spectral (every weight matrix is divided by its "
        "largest singular value; Miyato et al., 2018)",
        choices=("batch", "none", "spectral"),
    )
    discriminator_layers: int = setting(
        1,
        "1: the discriminator has strided convolutions only; 2: each has a 3x3 convolution of stride 1 before it",
        choices=(1, 2),
    )
    conditioning: str = setting(
        "append",
        "how the discriminator sees the label if `conditional` is set: append (to the input of every layer, as in the "
        "paper's MNIST code) or projection (an inner product with its last features; Miyato and Koyama, 2018)",
        choices=("append", "projection"),
    )
    head: str = setting(
        "flatten",
        "last layer of the discriminator: flatten into one unit (paper), or global average pooling first (more "
        "stable, slower to converge)",
        choices=("flatten", "average"),
    )
    norm_momentum: float = setting(0.9, "decay of the running statistics of batch norm", minimum=0, below=1)
    norm_epsilon: float = setting(1e-5, "added to the variance in batch norm", above=0, maximum=0.1)
    norm_affine: bool = setting(True, "batch norm with gain and offset (the paper's MNIST code has neither)")

    custom_networks: str = setting(
        "", "which networks are the user's own; empty: none", choices=("", *CUSTOM_NETWORKS.values()), flag=False
    )

    def __post_init__(self):
        super().__post_init__()
        if "generator" not in self.custom_networks:
            geometry.doublings(self.image_size, self.generator_depth)
        if "discriminator" not in self.custom_networks:
            geometry.doublings(self.image_size, self.discriminator_depth)
        if self.conditional != (self.classes > 0):
            raise ArgumentError("conditional", self.conditional, "it goes with the classes of a labelled data set")
        if self.conditioning == "projection" and not self.conditional:
            raise ArgumentError("conditioning", self.conditioning, "there are no labels; set `conditional` as well")
        if self.discriminator_layers == self.layers_per_scale == 2:
            remedy = "`layers_per_scale=2` gives the discriminator a second layer at each scale already"
            raise ArgumentError("discriminator_layers", 2, remedy)


@dataclass(frozen=True)
class LossConfig(Section):
    """What the networks minimize."""

    loss: str = setting(
        "bce",
        "bce (paper: cross-entropy on logits, non-saturating), lsgan (least squares) or hinge (goes with "
        "`d_norm=spectral`)",
        choices=(*losses.LOSSES, losses.CUSTOM),
    )
    label_smoothing: float = setting(
        0.0, "the discriminator's target for real images is 1 minus this; 0 in the paper", minimum=0, below=0.5
    )
    r1: float = setting(
        0.0,
        "weight of the gradient penalty R1, r1/2 * |gradient of the logit at real images|^2 (Mescheder et al., 2018); "
        "0: none; needs a discriminator without batch norm",
        minimum=0,
        maximum=10**4,
    )
    r1_every: int = setting(
        1,
        "steps between gradient penalties, each as many times as heavy; 16 costs next to nothing",
        minimum=1,
        maximum=1000,
    )

    def __post_init__(self):
        super().__post_init__()
        if self.loss == "hinge" and self.label_smoothing:
            remedy = "`loss=hinge` has a margin and no target that could be smoothed; it goes with `loss=bce` or lsgan"
            raise ArgumentError("label_smoothing", self.label_smoothing, remedy)
        if self.r1_every > 1 and not self.r1:
            raise ArgumentError("r1_every", self.r1_every, "there is no penalty; set `r1` as well, for example to 1")


@dataclass(frozen=True)
class OptimizerConfig(Section):
    """Adam for both networks (paper, section 4)."""

    learning_rate: float = setting(2e-4, "Adam's step size", above=0, maximum=1)
    discriminator_learning_rate: float = setting(
        0.0, "Adam's step size for the discriminator; 0: that of the generator", minimum=0, maximum=1
    )
    decay_start: int = setting(
        0, "step from which the learning rate decays, see `decay_steps`", minimum=0, maximum=10**9
    )
    decay_steps: int = setting(
        0,
        "steps over which the learning rate decays linearly to 0, where training ends (the paper's MNIST code: the "
        "second half); 0: constant learning rate",
        minimum=0,
        maximum=10**9,
    )
    beta_1: float = setting(0.5, "Adam's decay of the first moment; 0.9 makes training oscillate", minimum=0, below=1)
    beta_2: float = setting(0.999, "Adam's decay of the second moment", minimum=0, below=1)
    epsilon: float = setting(1e-8, "Adam's epsilon", above=0, maximum=0.1)
    l2: float = setting(
        0.0,
        "L2 regularization: l2 * p is added to the gradient of every parameter p (paper's code: 1e-5)",
        minimum=0,
        maximum=1,
    )

    def __post_init__(self):
        super().__post_init__()
        if self.decay_start and not self.decay_steps:
            raise ArgumentError(
                "decay_start", self.decay_start, "set `decay_steps` as well: over how many steps it decays"
            )

    @property
    def rate_of_discriminator(self) -> float:
        """Adam's step size for the discriminator before it decays."""
        return self.discriminator_learning_rate or self.learning_rate


@dataclass(frozen=True)
class TrainingConfig(Section):
    """How the networks are trained."""

    batch_size: int = setting(128, "images per update, summed over all devices", minimum=2, maximum=65536)
    steps: int = setting(5000, "generator updates in total", minimum=1, maximum=10**9, affects_results=False)
    update: str = setting(
        "simultaneous",
        "simultaneous: one generator pass serves both updates (fast); algorithm1: d_steps discriminator updates on "
        "fresh images and latents, then one generator update on fresh latents (Goodfellow et al., 2014)",
        choices=("simultaneous", "algorithm1"),
    )
    d_steps: int = setting(
        1, "discriminator updates per generator update (k); above 1 needs algorithm1", minimum=1, maximum=100
    )
    augment: str = setting(
        augmentations.NONE,
        f"augmentations of real and generated images before the discriminator sees them, any of "
        f"{','.join(augmentations.AUGMENTATIONS)} (Zhao et al., 2020); against learning a small data set by heart, "
        "not for large ones",
    )
    ema_decay: float = setting(
        0.0,
        "decay of the moving average of the generator's weights, which is used for samples; 0: none (paper)",
        minimum=0,
        below=1,
    )
    precision: str = setting(
        "float32",
        "number format of the layers; mixed formats keep float32 variables, mixed_float16 scales the loss",
        choices=("float32", "mixed_bfloat16", "mixed_float16"),
    )
    jit: bool = setting(False, "compile the step with XLA (for GPUs; slower on CPUs)")
    steps_per_execution: int = setting(
        1,
        "updates per graph call; more of them save Python overhead on fast devices",
        minimum=1,
        maximum=10000,
        affects_results=False,
    )
    seed: int = setting(0, "seed of everything random", minimum=0, maximum=2**31 - 1)

    def __post_init__(self):
        super().__post_init__()
        if self.update == "simultaneous" and self.d_steps > 1:
            raise ArgumentError("d_steps", self.d_steps, "more than one discriminator update needs `update=algorithm1`")
        object.__setattr__(self, "augment", ",".join(augmentations.chosen(self.augment)) or augmentations.NONE)


@dataclass(frozen=True)
class DeviceConfig(Section):
    """Where training runs. None of it changes the run beyond the rounding of sums."""

    strategy: str = setting(
        "auto",
        "auto (a cluster where one is configured, else every visible GPU, else the CPU), one_device, mirrored (several "
        "devices of this machine), or multi_worker (several machines)",
        choices=("auto", "one_device", "mirrored", "multi_worker"),
        affects_results=False,
    )
    devices: int = setting(
        0,
        "number of GPUs; without a GPU, number of logical devices the CPU is divided into; 0: all GPUs, or one CPU",
        minimum=0,
        maximum=1024,
        affects_results=False,
    )
    worker_hosts: str = setting(
        "",
        "host:port of every worker, comma-separated; the first is the chief; not needed if TF_CONFIG is set",
        affects_results=False,
    )
    worker_index: int = setting(
        -1,
        "index of this process in `worker_hosts`, from 0; -1: take it from JOB_COMPLETION_INDEX",
        minimum=-1,
        affects_results=False,
    )
    worker_timeout: float = setting(
        600.0,
        "seconds that a worker waits at the start for the others before it gives up",
        above=0,
        maximum=10**6,
        affects_results=False,
    )
    deterministic: bool = setting(
        False,
        "compute the same bits every time on GPUs, more slowly (not tested on a GPU); CPUs do so anyway; a run keeps "
        "this when it is continued",
        affects_results=False,
    )


@dataclass(frozen=True)
class ReportConfig(Section):
    """What is reported during training, and how often. None of it changes the run."""

    log_every: int = setting(20, "steps between rows of metrics.jsonl", minimum=1, affects_results=False)
    sample_every: int = setting(250, "steps between sample grids", minimum=1, affects_results=False)
    checkpoint_every: int = setting(500, "steps between checkpoints", minimum=1, affects_results=False)
    keep_checkpoints: int = setting(3, "number of latest checkpoints to keep", minimum=1, affects_results=False)
    sample_count: int = setting(64, "images in a sample grid", minimum=1, maximum=4096, affects_results=False)
    evaluate_every: int = setting(
        500,
        "steps between evaluations of the generator (2,000 images; 1 to 3% of the time), which write scores.jsonl, "
        "keep checkpoints/best and detect a collapse; 0: no evaluation",
        minimum=0,
        affects_results=False,
    )
    stop_on_collapse: bool = setting(
        False,
        "end training with a checkpoint (and exit code 3) when the samples collapse or the losses diverge; generate "
        "with `checkpoint=best` then uses the best weights",
        affects_results=False,
    )

    def __post_init__(self):
        super().__post_init__()
        if self.stop_on_collapse and not self.evaluate_every:
            raise ArgumentError(
                "stop_on_collapse",
                True,
                "a collapse is detected by evaluations; set `evaluate_every`, for example to 500",
            )


@dataclass(frozen=True)
class Config:
    """All settings of a run."""

    data: DataConfig = DataConfig()
    model: ModelConfig = ModelConfig()
    loss: LossConfig = LossConfig()
    optimizer: OptimizerConfig = OptimizerConfig()
    training: TrainingConfig = TrainingConfig()
    device: DeviceConfig = DeviceConfig()
    report: ReportConfig = ReportConfig()

    def __post_init__(self):
        if self.model.custom_networks and self.training.precision != "float32":
            remedy = "networks of your own are trained in float32"
            raise ArgumentError("precision", self.training.precision, remedy)
        if self.loss.r1 and self.model.d_norm == "batch" and "discriminator" not in self.model.custom_networks:
            remedy = "batch norm couples the images of a batch; set `d_norm=none` or `d_norm=spectral` as well"
            raise ArgumentError("r1", self.loss.r1, remedy)
        if self.loss.r1 and self.training.precision == "mixed_float16":
            remedy = "its gradients vanish in float16; use `precision=mixed_bfloat16`"
            raise ArgumentError("r1", self.loss.r1, remedy)
        last = self.optimizer.decay_start + self.optimizer.decay_steps
        if self.optimizer.decay_steps and self.training.steps > last:
            raise ArgumentError("steps", self.training.steps, f"the learning rate is 0 from step {last:,} on "
                               "(`decay_start`, `decay_steps`); train up to there, or set these as well")  # fmt: skip

    def with_settings(self, values: dict[str, Any]) -> "Config":
        """A copy with some settings replaced, by their names alone: `with_settings({"batch_size": 64})`."""
        if unknown := values.keys() - {item.name for item in all_settings()}:
            raise KeyError(f"not settings: {sorted(unknown)}")
        sections = {}
        for part in fields(self):
            section = getattr(self, part.name)
            own = {item.name: values[item.name] for item in fields(section) if item.name in values}
            sections[part.name] = dataclasses.replace(section, **own)
        return Config(**sections)

    def value(self, name: str) -> Any:
        """The value of the setting of that name."""
        for part in fields(self):
            section = getattr(self, part.name)
            if hasattr(section, name):
                return getattr(section, name)
        raise KeyError(name)

    def text(self, name: str) -> str:
        """The value of a setting as a flag takes it: 64x96, true, 0.0002."""
        value = self.value(name)
        if isinstance(value, tuple):
            return geometry.size_text(value)
        if isinstance(value, float):
            return str(value).removesuffix(".0")
        return str(value).lower() if isinstance(value, bool) else str(value)

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
            plain = {
                OLD_NAMES.get(key, key): tuple(item) if isinstance(item, list) else item
                for key, item in section.items()
            }
            made[name] = sections[name](**plain)
        return cls(**made)

    def differences(self, other: "Config") -> list[str]:
        """Names of the settings that differ and that affect results."""
        return [
            item.name
            for item in all_settings()
            if item.metadata["affects_results"] and self.value(item.name) != other.value(item.name)
        ]


def all_settings() -> list[dataclasses.Field]:
    """The fields of every section, in order. Their names are unique."""
    return [item for part in fields(Config) for item in fields(part.type)]


def checked_settings(values: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as a user may pass them, each checked alone; `image_size` may be 64, "64x96" or (64, 96).

    Raises:
        ArgumentError: there is no such setting, or a value has another type or range than its field.
    """
    known = {item.name: item for item in all_settings() if item.metadata["flag"]}
    checked = {}
    for name, value in values.items():
        if name not in known:
            hint = did_you_mean(name, known) or "see `dcgan_tf.Config`"
            raise ArgumentError(name, value, f"there is no such setting; {hint}")
        checked[name] = converted(known[name], value)
        check(known[name], checked[name])
    return checked
