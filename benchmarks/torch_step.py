"""The same networks and the same update in PyTorch, written as its own DCGAN example is.

Layers follow from the same `ModelConfig`. For odd kernels TensorFlow's "same" padding is one pixel to the left of
PyTorch's symmetric one; sizes, parameters and costs are the same. This file does not import TensorFlow.
"""

from collections.abc import Callable

import torch
from torch import nn

from benchmarks.workers import Task, cores
from dcgan_tf import geometry
from dcgan_tf.config import Config, LossConfig, ModelConfig
from dcgan_tf.errors import ArgumentError

BATCHES = 4
LEAK = 0.2


def prepare(config: Config, channels_last: bool, bfloat16: bool) -> Task:
    """The eager step over batches that lie in memory; one repeat is one generator update.

    Args:
        config: the whole configuration.
        channels_last: whether images and weights lie in memory with the channels last.
        bfloat16: whether the forward passes run under autocast.
    """
    torch.set_num_threads(cores())
    torch.manual_seed(0)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    layout = torch.channels_last if channels_last else torch.contiguous_format
    step = _Step(config, device, layout, bfloat16)
    shape = (BATCHES, config.training.batch_size, config.model.channels, *config.model.image_size)
    batches = torch.randint(0, 256, shape, dtype=torch.uint8, device=device)
    batches = [batch.to(memory_format=layout) for batch in batches]

    def run(repeats: int) -> None:
        for number in range(repeats):
            loss = step.update([batches[(number + index) % BATCHES] for index in range(config.training.d_steps)])
        loss.item()  # waits for the device

    facts = {
        "version": f"PyTorch {torch.__version__}, {torch.get_num_threads()} threads",
        "device": f"1 {'GPU' if device.type == 'cuda' else 'CPU'}",
        "parameters": tuple(parameter_count(network) for network in (step.generator, step.discriminator)),
    }
    return Task(run, config.training.batch_size * config.training.d_steps, facts)


def _filters(config: ModelConfig, own_depth: int) -> list[int]:
    depth = geometry.doublings(config.image_size, own_depth)
    return [config.base_filters * min(2**scale, 8) for scale in range(depth)]


def _padding(kernel: int) -> int:
    return (kernel - 1) // 2


def _up(config: ModelConfig, before: int, after: int, strides: int, bias: bool = False) -> nn.Module:
    """A transposed convolution that multiplies the size by `strides`."""
    kernel = config.kernel_size
    if strides == 1 and kernel % 2 == 0:
        raise ArgumentError("kernel_size", kernel, "with stride 1 PyTorch has no layer of that padding; add --notorch")
    outer = kernel % 2 if strides == 2 else 0  # an odd kernel leaves one row and column to be added
    return nn.ConvTranspose2d(before, after, kernel, strides, _padding(kernel), output_padding=outer, bias=bias)


def _down(config: ModelConfig, before: int, after: int, strides: int, bias: bool = False) -> nn.Module:
    """A convolution that divides the size by `strides`."""
    padding = "same" if strides == 1 else _padding(config.kernel_size)
    return nn.Conv2d(before, after, config.kernel_size, strides, padding, bias=bias)


def _norm(config: ModelConfig, kind: type[nn.Module], width: int) -> nn.Module:
    return kind(width, eps=config.norm_epsilon, momentum=1.0 - config.norm_momentum)


def build_generator(config: ModelConfig) -> nn.Sequential:
    """z [n, latent_dim] to images [n, channels, height, width]; see `dcgan_tf.models.build_generator`."""
    filters = _filters(config, config.generator_depth)[::-1]
    layers = _projection(config, filters[0])
    width = filters[0]
    for scale in range(1, len(filters) + 1):
        last = scale == len(filters)
        if config.layers_per_scale == 2:
            layers += _up_norm(config, width, filters[scale - 1], 2)
            width = filters[scale - 1]
        if not last:
            layers += _up_norm(config, width, filters[scale], 1 if config.layers_per_scale == 2 else 2)
            width = filters[scale]
    strides = 1 if config.layers_per_scale == 2 else 2
    return nn.Sequential(*layers, _up(config, width, config.channels, strides, config.use_bias), nn.Tanh())


def _projection(config: ModelConfig, filters: int) -> list[nn.Module]:
    height, width = geometry.grid(config.image_size, config.generator_depth)
    units = filters * height * width
    linear = nn.Linear(config.latent_dim, units, bias=config.use_bias and config.projection == "linear")
    grid = nn.Unflatten(1, (filters, height, width))
    if config.projection == "unit_norm":
        return [linear, _norm(config, nn.BatchNorm1d, units), nn.ReLU(inplace=True), grid]
    if config.projection == "channel_norm":
        return [linear, grid, _norm(config, nn.BatchNorm2d, filters), nn.ReLU(inplace=True)]
    return [linear, grid]


def _up_norm(config: ModelConfig, before: int, after: int, strides: int) -> list[nn.Module]:
    return [_up(config, before, after, strides), _norm(config, nn.BatchNorm2d, after), nn.ReLU(inplace=True)]


def build_discriminator(config: ModelConfig) -> nn.Sequential:
    """images [n, channels, height, width] to logits [n, 1]; see `dcgan_tf.models.build_discriminator`."""
    filters = _filters(config, config.discriminator_depth)
    layers: list[nn.Module] = []
    width = config.channels
    for after in filters:
        for strides in (1, 2) if config.layers_per_scale == 2 else (2,):
            first = not layers
            layers.append(_down(config, width, after, strides, bias=first and config.use_bias))
            layers += [] if first else [_norm(config, nn.BatchNorm2d, after)]
            layers.append(nn.LeakyReLU(LEAK, inplace=True))
            width = after
    height, breadth = geometry.grid(config.image_size, config.discriminator_depth)
    if config.head == "average":
        layers.append(nn.AdaptiveAvgPool2d(1))
        height = breadth = 1
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(width * height * breadth, 1, bias=config.use_bias))


def parameter_count(network: nn.Module) -> int:
    """Trainable parameters."""
    return sum(parameter.numel() for parameter in network.parameters())


def _initialise(module: nn.Module) -> None:
    if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
    elif isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0.0, 0.02)


def _loss(config: LossConfig) -> Callable[[torch.Tensor, float], torch.Tensor]:
    """(logits, target) to a mean, as in `dcgan_tf.losses`."""
    if config.loss == "lsgan":
        return lambda logits, target: 0.5 * (logits - target).square().mean()
    return lambda logits, target: nn.functional.binary_cross_entropy_with_logits(
        logits, torch.full_like(logits, target)
    )


class _Step:
    """Networks, optimizers and both update schedules, as the PyTorch example has them."""

    def __init__(self, config: Config, device: torch.device, layout: torch.memory_format, bfloat16: bool):
        self.config, self.device, self.layout = config, device, layout
        self.generator, self.discriminator = (
            build(config.model).apply(_initialise).to(device, memory_format=layout)
            for build in (build_generator, build_discriminator)
        )
        self.g_optimizer, self.d_optimizer = map(self._adam, (self.generator, self.discriminator))
        decay = config.training.ema_decay
        average = torch.optim.swa_utils.get_ema_multi_avg_fn(decay)
        self.average = torch.optim.swa_utils.AveragedModel(self.generator, multi_avg_fn=average) if decay else None
        self.loss, self.real_target = _loss(config.loss), 1.0 - config.loss.label_smoothing
        self.autocast = torch.autocast(device.type, dtype=torch.bfloat16, enabled=bfloat16)

    def update(self, batches: list[torch.Tensor]) -> torch.Tensor:
        """One training step on the images of `d_steps` batches (uint8); returns the generator's loss."""
        if self.config.training.update == "simultaneous":
            images = self._generated()
            self._update_discriminator(batches[0], images.detach())
        else:
            for batch in batches:
                with torch.no_grad():
                    images = self._generated()
                self._update_discriminator(batch, images)
            images = self._generated()
        loss = self._update_generator(images)
        if self.average:
            self.average.update_parameters(self.generator)
        return loss

    def _adam(self, network: nn.Module) -> torch.optim.Optimizer:
        own = self.config.optimizer
        betas = (own.beta_1, own.beta_2)
        return torch.optim.Adam(network.parameters(), own.learning_rate, betas, own.epsilon, weight_decay=own.l2)

    def _generated(self) -> torch.Tensor:
        model = self.config.model
        shape = (self.config.training.batch_size, model.latent_dim)
        z = torch.randn(shape, device=self.device)
        if model.latent_distribution == "uniform":
            z = z.uniform_(-1.0, 1.0)
        with self.autocast:
            return self.generator(z)

    def _update_discriminator(self, batch: torch.Tensor, generated: torch.Tensor) -> None:
        self.d_optimizer.zero_grad()
        self._loss_of(batch.float() / 127.5 - 1.0, self.real_target).backward()
        self._loss_of(generated, 0.0).backward()
        self.d_optimizer.step()

    def _update_generator(self, generated: torch.Tensor) -> torch.Tensor:
        self.g_optimizer.zero_grad()
        loss = self._loss_of(generated, 1.0)
        loss.backward()
        self.g_optimizer.step()
        return loss.detach()

    def _loss_of(self, images: torch.Tensor, target: float) -> torch.Tensor:
        with self.autocast:
            logits = self.discriminator(images)
        return self.loss(logits.float(), target)
