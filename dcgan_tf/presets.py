"""Named configurations. Each is a lab note: where it comes from, what it counts, what it gave.

Parameter counts are trainable ones: weights, biases where there are any, and the gain and offset of every batch norm;
running statistics are not counted. They hold for the preset's own image size, channels and classes.
"""

from dataclasses import dataclass, replace

from dcgan_tf.config import Config, DataConfig, LossConfig, ModelConfig, OptimizerConfig, ReportConfig, TrainingConfig


@dataclass(frozen=True)
class Preset:
    """A configuration with its lab note.

    Attributes:
        config: the settings.
        summary: one line for tables.
        note: source of the architecture, and what was seen with it.
        generator_parameters: exact trainable count of the generator.
        discriminator_parameters: exact trainable count of the discriminator.
    """

    config: Config
    summary: str
    note: str
    generator_parameters: int
    discriminator_parameters: int


# The paper's training (section 4, and the authors' published code for faces): one discriminator update, then one
# generator update, each on fresh latents; no moving average; L2 of 1e-5 on every parameter.
_PAPER_TRAINING = TrainingConfig(update="algorithm1", steps=34_000)
_PAPER_OPTIMIZER = OptimizerConfig(l2=1e-5)
_PAPER_NORM_EPSILON = 1e-8

_EVERYDAY_EMA = 0.999

PRESETS: dict[str, Preset] = {
    "paper_64": Preset(
        Config(
            data=DataConfig(),
            model=ModelConfig(
                image_size=(64, 64),
                latent_law="uniform",
                kernel_size=5,
                base_filters=128,
                projection="unit_norm",
                norm_epsilon=_PAPER_NORM_EPSILON,
            ),
            optimizer=_PAPER_OPTIMIZER,
            training=_PAPER_TRAINING,
        ),
        "Figure 1 of the paper: 5x5 kernels, 128 base filters",
        "Source: paper, Figure 1 and section 4; layers, L2 and batch norm per unit as in the authors' code for faces. "
        "No biases. With --projection=channel_norm the generator has 18,855,040 parameters. The authors trained "
        "68,400 batches of 128 alternately, that is 34,200 updates of each network.",
        generator_parameters=18_885_760,
        discriminator_parameters=17_232_768,
    ),
    "torch_64": Preset(
        Config(
            model=ModelConfig(image_size=(64, 64)),
            training=TrainingConfig(steps=25_000),
        ),
        "the widely used Torch version: 4x4 kernels, 64 base filters",
        "Source: dcgan.torch and the PyTorch example: 4x4 kernels, z normal, batch norm of the projection per channel, "
        "no biases. Their projection (a transposed convolution from 1x1) and their head (a 4x4 convolution) are the "
        "same maps as the dense layers here. Batch 128 as in the paper; theirs is 64.",
        generator_parameters=3_576_704,
        discriminator_parameters=2_765_568,
    ),
    "imagenet_32": Preset(
        Config(
            model=ModelConfig(
                image_size=(32, 32),
                latent_dim=256,
                latent_law="uniform",
                kernel_size=3,
                base_filters=128,
                layers_per_scale=2,
                projection="unit_norm",
                norm_epsilon=_PAPER_NORM_EPSILON,
            ),
            optimizer=_PAPER_OPTIMIZER,
            training=_PAPER_TRAINING,
        ),
        "the six-layer 3x3 network behind the paper's Table 1",
        "Source: shapes of the authors' stored ImageNet model. Its six discriminator layers, max-pooled to 4x4, give "
        "the 28,672 features of the paper's CIFAR-10 experiment. No biases, z uniform in 256 dimensions.",
        generator_parameters=6_690_688,
        discriminator_parameters=4_586_112,
    ),
    "svhn_32": Preset(
        Config(
            model=ModelConfig(
                image_size=(32, 32), kernel_size=5, projection="unit_norm", norm_epsilon=_PAPER_NORM_EPSILON
            ),
            optimizer=OptimizerConfig(learning_rate=5e-4, l2=1e-5),
            training=TrainingConfig(update="algorithm1", batch_size=64, steps=100_000),
        ),
        "the network behind the paper's Table 2",
        "Source: parameter shapes and name of the authors' SVHN model (z normal, learning rate 5e-4, batch 64, 64 base "
        "filters, 200 epochs). The training script was never published; its update schedule and L2 are assumed to be "
        "those of the faces code. No biases.",
        generator_parameters=1_446_976,
        discriminator_parameters=1_033_664,
    ),
    "deep_64": Preset(
        Config(
            model=ModelConfig(image_size=(64, 64), generator_depth=5, use_bias=True),
            training=TrainingConfig(steps=25_000, ema_decay=_EVERYDAY_EMA),
        ),
        "five doublings from a 2x2 grid",
        "Source: notes of practitioners. Generator: projection with batch norm and ReLU, four times [deconvolution, "
        "batch norm, ReLU], deconvolution, tanh, from a 2x2 grid. Discriminator: [convolution, LeakyReLU], three times "
        "[convolution, batch norm, LeakyReLU], affine. Layers without batch norm after them have a bias.",
        generator_parameters=7_157_635,
        discriminator_parameters=2_765_633,
    ),
    "compact_32": Preset(
        Config(
            model=ModelConfig(
                image_size=(32, 32), generator_depth=4, discriminator_depth=4, projection="linear", use_bias=True
            ),
            training=TrainingConfig(steps=20_000, ema_decay=_EVERYDAY_EMA),
        ),
        "four doublings from a 2x2 grid, the projection linear",
        "Source: notes of practitioners. Generator: affine, three times [deconvolution, batch norm, ReLU], "
        "deconvolution, tanh, from a 2x2 grid; the affine map has neither batch norm nor ReLU. Discriminator: that of "
        "deep_64, here down to a 2x2 grid. Layers without batch norm after them have a bias.",
        generator_parameters=2_963_331,
        discriminator_parameters=2_759_489,
    ),
    "digits_32": Preset(
        Config(
            model=ModelConfig(image_size=(32, 32), channels=1, latent_dim=16, base_filters=32),
            loss=LossConfig(label_smoothing=0.1),
            training=TrainingConfig(steps=2500, ema_decay=0.99),
            report=ReportConfig(sample_every=100, checkpoint_every=500),
        ),
        "the embedded digits, in two and a half minutes on two cores",
        "Everyday: 4x4 kernels, stride 2, 32 base filters. The set is small (1,797 scans of 8x8 pixels) and the "
        "discriminator soon knows it. Tried for 2,000 steps each, judged by the Fréchet distance between 1,024 samples "
        "and the set in its own 8x8 pixels (two halves of the set: 0.30): as the other everyday presets 0.52; 64 base "
        "filters 0.61 (1,500 steps); 16x16 images 1.05; head=average 0.58; label smoothing 0.1 0.50; with it, learning "
        "rate 5e-4 0.57; with it, 16 latents 0.45, kept, also because most samples then read as digits.",
        generator_parameters=197_568,
        discriminator_parameters=166_784,
    ),
    "mnist_28": Preset(
        Config(
            data=DataConfig(dataset="mnist"),
            model=ModelConfig(image_size=(28, 28), channels=1, hidden_units=256),
            training=TrainingConfig(steps=5000, ema_decay=_EVERYDAY_EMA),
        ),
        "MNIST, Fashion-MNIST and other small grey images",
        "Everyday: 4x4 kernels, stride 2, 64 base filters, from a 7x7 grid, and a hidden layer of 256 in each network, "
        "as in the paper's MNIST code (theirs: 1,024). On two cores (2026-11-20), "
        "`python train.py --dataset=mnist --epochs=5`: 2,344 steps in 198 s beside other work; by eye nine of ten of "
        "64 samples read as a digit at once. 10,000 samples of it: Fréchet distance 6.0 on this package's classifier, "
        "precision 0.69, recall 0.80; without the hidden layers (--hidden_units=0) 100.7, 0.48 and 0.60 "
        "(docs/results.md).",
        generator_parameters=1_764_224,
        discriminator_parameters=1_738_752,
    ),
    "mnist_28_conditional": Preset(
        Config(
            data=DataConfig(dataset="mnist", split="train[:50000]"),
            model=ModelConfig(
                image_size=(28, 28),
                channels=1,
                conditional=True,
                classes=10,
                latent_law="uniform",
                kernel_size=5,
                hidden_units=1024,
                projection="unit_norm",
                output="sigmoid",
                norm_epsilon=_PAPER_NORM_EPSILON,
                norm_affine=False,
            ),
            optimizer=OptimizerConfig(decay_start=19_550, decay_steps=19_550, l2=2.5e-5),
            training=replace(_PAPER_TRAINING, steps=39_100),
        ),
        "the paper's conditional MNIST network, layer by layer",
        "Source: the authors' code for MNIST, the network behind the paper's Table 3. The label is appended to the "
        "input of every layer; one hidden layer of 1,024 in each network; batch norm without gain and offset; sigmoid, "
        "pixels from 0 to 1; no biases; L2 of 2.5e-5. The authors trained on 50,000 images for 200 epochs, that is "
        "39,100 updates of each network, over the second half of which the learning rate falls to 0.",
        generator_parameters=6_820_538,
        discriminator_parameters=6_688_202,
    ),
    "mnist_28_by_class": Preset(
        Config(
            data=DataConfig(dataset="mnist"),
            model=ModelConfig(image_size=(28, 28), channels=1, conditional=True, classes=10, hidden_units=256),
            training=TrainingConfig(steps=5000, ema_decay=_EVERYDAY_EMA),
        ),
        "the same images with labels: `--dataset=mnist --conditional`",
        "Everyday: the networks of mnist_28, the label appended as in mnist_28_conditional. Tried for 600 steps of 128 "
        "each (2026-11-20), judged by the share of 640 "
        "images, 64 of each class, that the nearest of 20,000 training images puts into the class asked for (640 other "
        "training images: 0.97): no hidden layer 0.82; none and 32 latents 0.81; none and 16 latents 0.85; none, 32 "
        "latents and 32 base filters 0.73; a hidden layer of 256 and 32 latents 0.93; a hidden layer of 256 and 100 "
        "latents 0.95, kept. Those 600 steps took 160 s on two cores beside much other work. "
        "`python train.py --dataset=mnist --conditional --steps=1000`: 0.96; by eye most of 60 samples read as their "
        "digit. On 50,000 images, 10,000 steps in 37 minutes beside other work: 50,000 samples as the training set of "
        "a 1-nearest-neighbour classifier give 3.55 % test error (6.1 % at step 1,000, mean 3.42 % from 8,000 to "
        "15,647; real images 3.27 %). Fréchet distance of the average on the package's classifier: 4.1 at step 1,000, "
        "3.8 at 10,000, 2.0 at 15,647. One "
        "seed each; docs/results.md.",
        generator_parameters=1_839_904,
        discriminator_parameters=1_772_042,
    ),
    "cifar10_32": Preset(
        Config(
            data=DataConfig(dataset="cifar10"),
            model=ModelConfig(image_size=(32, 32)),
            training=TrainingConfig(steps=20_000, ema_decay=_EVERYDAY_EMA),
        ),
        "CIFAR-10 and other small colour images",
        "Everyday: 4x4 kernels, stride 2, 64 base filters. On two cores (2026-11-20), "
        "`python train.py --dataset=cifar10 --steps=5000` (12.8 passes): 22 minutes beside other work. Sharp textures, "
        "shapes before a ground with a horizon, a few that could be a ship, a horse or a bird; no collapse. With "
        "--flip --base_filters=128 --precision=mixed_bfloat16, 11,054 steps (71 minutes at 330 images/s): ships, cars, "
        "birds and planes can be told in about a third of 64 samples. A linear classifier on the discriminator's "
        "features: 75.2 % with 128 base filters, 70.8 % with 64 (docs/results.md).",
        generator_parameters=1_068_928,
        discriminator_parameters=663_296,
    ),
    "photos_64": Preset(
        Config(
            model=ModelConfig(image_size=(64, 64)),
            training=TrainingConfig(steps=20_000, ema_decay=_EVERYDAY_EMA),
            report=ReportConfig(sample_every=100, checkpoint_every=250),
        ),
        "photographs, and whatever is larger than 32 pixels",
        "Everyday: the networks of torch_64 with a moving average of the generator. On two cores (2026-11-20), 10,000 "
        "photographs of 20 classes: after 1,018 steps (13 passes) colours and coarse layout, no objects yet. Plan for "
        "many times as many steps, or a GPU. Not yet judged by any metric.",
        generator_parameters=3_576_704,
        discriminator_parameters=2_765_568,
    ),
    "tiny": Preset(
        Config(
            model=ModelConfig(image_size=(16, 16), channels=1, latent_dim=8, base_filters=4),
            training=TrainingConfig(batch_size=8, steps=10, ema_decay=0.9),
            report=ReportConfig(log_every=2, sample_every=5, checkpoint_every=5, sample_count=9, evaluate_every=5),
        ),
        "for tests: seconds, and nothing worth looking at",
        "Two doublings, four and eight filters.",
        generator_parameters=1_624,
        discriminator_parameters=720,
    ),
}


def names() -> tuple[str, ...]:
    """The names of all presets."""
    return tuple(PRESETS)


def base(name: str | None) -> Config:
    """The configuration of a preset; without a name, that of the embedded default."""
    return PRESETS[name or "digits_32"].config


def fitting(dataset: str, image_size: tuple[int, int] | None, channels: int, conditional: bool = False) -> str:
    """The everyday preset for a data set.

    Args:
        dataset: its name as the user gave it.
        image_size: height and width that most of its images have, or None when that is not known.
        channels: 1, 3 or 4.
        conditional: whether the networks are to be told the class.
    """
    if dataset == "digits":
        return "digits_32"
    largest = max(image_size) if image_size else 64
    if largest <= 28 and channels == 1:
        return "mnist_28_by_class" if conditional else "mnist_28"
    return "cifar10_32" if largest <= 32 else "photos_64"
