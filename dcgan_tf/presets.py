"""Named configurations. The comment above each is its lab note: source, deviations, and what was measured with it.

Times are of two cores of an AMD EPYC without a GPU, beside other work where that is said; scores are of one seed each.
Calls are those of the Python API; docs/results.md has the figures in full.
"""

from dataclasses import replace

from dcgan_tf.config import (
    Config,
    DataConfig,
    LossConfig,
    ModelConfig,
    OptimizerConfig,
    ReportConfig,
    TrainingConfig,
)

# The paper's training (section 4, and the authors' published code for faces): one discriminator update, then one
# generator update, each on fresh latents; no moving average; L2 of 1e-5 on every parameter.
_PAPER_TRAINING = TrainingConfig(update="algorithm1", steps=34_000)
_PAPER_OPTIMIZER = OptimizerConfig(l2=1e-5)
_PAPER_NORM_EPSILON = 1e-8

_EVERYDAY_EMA = 0.999

PRESETS: dict[str, Config] = {
    # Figure 1 of the paper: 5x5 kernels, 128 base filters.
    # Source: paper, Figure 1 and section 4; layers, L2 and batch norm per unit as in the authors' code for faces. No
    # biases. With projection="channel_norm" the generator has 18,855,040 parameters. The authors trained 68,400 batches
    # of 128 alternately, that is 34,200 updates of each network.
    "paper_64": Config(
        model=ModelConfig(
            image_size=(64, 64),
            latent_distribution="uniform",
            kernel_size=5,
            base_filters=128,
            projection="unit_norm",
            norm_epsilon=_PAPER_NORM_EPSILON,
        ),
        optimizer=_PAPER_OPTIMIZER,
        training=_PAPER_TRAINING,
    ),
    # The widely used Torch version: 4x4 kernels, 64 base filters.
    # Source: dcgan.torch and the PyTorch example: z normal, batch norm of the projection per channel, no biases. Their
    # projection (a transposed convolution from 1x1) and their head (a 4x4 convolution) are the same maps as the dense
    # layers here. Batch 128 as in the paper; theirs is 64.
    "torch_64": Config(
        model=ModelConfig(image_size=(64, 64)),
        training=TrainingConfig(steps=25_000),
    ),
    # The six-layer 3x3 network behind the paper's Table 1.
    # Source: shapes of the authors' stored ImageNet model. Its six discriminator layers, max-pooled to 4x4, give the
    # 28,672 features of the paper's CIFAR-10 experiment. No biases, z uniform in 256 dimensions.
    "imagenet_32": Config(
        model=ModelConfig(
            image_size=(32, 32),
            latent_dim=256,
            latent_distribution="uniform",
            kernel_size=3,
            base_filters=128,
            layers_per_scale=2,
            projection="unit_norm",
            norm_epsilon=_PAPER_NORM_EPSILON,
        ),
        optimizer=_PAPER_OPTIMIZER,
        training=_PAPER_TRAINING,
    ),
    # The network behind the paper's Table 2.
    # Source: parameter shapes and name of the authors' SVHN model (z normal, learning rate 5e-4, batch 64, 64 base
    # filters, 200 epochs). The training script was never published; its update schedule and L2 are assumed to be those
    # of the code for faces. No biases.
    "svhn_32": Config(
        model=ModelConfig(image_size=(32, 32), kernel_size=5, projection="unit_norm", norm_epsilon=_PAPER_NORM_EPSILON),
        optimizer=OptimizerConfig(learning_rate=5e-4, l2=1e-5),
        training=TrainingConfig(update="algorithm1", batch_size=64, steps=100_000),
    ),
    # Five doublings from a 2x2 grid.
    # Source: practitioners' notes. Generator: projection with batch norm and ReLU, four times [transposed convolution,
    # batch norm, ReLU], transposed convolution, tanh. Discriminator: [convolution, LeakyReLU], three times
    # [convolution, batch norm, LeakyReLU], dense. Layers without batch norm after them have a bias.
    "deep_64": Config(
        model=ModelConfig(image_size=(64, 64), generator_depth=5, use_bias=True),
        training=TrainingConfig(steps=25_000, ema_decay=_EVERYDAY_EMA),
    ),
    # Four doublings from a 2x2 grid, linear projection.
    # Source: practitioners' notes. Generator: dense (neither batch norm nor ReLU), three times [transposed convolution,
    # batch norm, ReLU], transposed convolution, tanh. Discriminator: that of deep_64, here down to a 2x2 grid. Layers
    # without batch norm after them have a bias.
    "compact_32": Config(
        model=ModelConfig(
            image_size=(32, 32), generator_depth=4, discriminator_depth=4, projection="linear", use_bias=True
        ),
        training=TrainingConfig(steps=20_000, ema_decay=_EVERYDAY_EMA),
    ),
    # The embedded digits: 2,500 steps took 203 s on two cores.
    # Everyday: 4x4 kernels, stride 2, 32 base filters. The set is small (1,797 scans of 8x8 pixels), and the
    # discriminator soon knows it. Tried for 2,000 steps each, judged by the Fréchet distance between 1,024 samples and
    # the set in its own 8x8 pixels (two halves of the set: 0.30): as the other everyday presets 0.52; 64 base filters
    # 0.61 (1,500 steps); 16x16 images 1.05; head="average" 0.58; label smoothing 0.1 0.50; with it, learning rate 5e-4
    # 0.57; with it, 16 latent dimensions 0.45, which was kept, also because most samples then read as digits.
    "digits_32": Config(
        model=ModelConfig(image_size=(32, 32), channels=1, latent_dim=16, base_filters=32),
        loss=LossConfig(label_smoothing=0.1),
        training=TrainingConfig(steps=2500, ema_decay=0.99),
        report=ReportConfig(sample_every=100, checkpoint_every=500),
    ),
    # MNIST, Fashion-MNIST and other small gray images.
    # Everyday: 4x4 kernels, stride 2, 64 base filters, from a 7x7 grid; a hidden layer of 256 units in each network, as
    # in the paper's MNIST code (which has 1,024). train("mnist", epochs=5), 2026-11-20: 2,344 steps in 198 s beside
    # other work; by eye nine of ten of 64 samples read as a digit at once. Of 10,000 samples: Fréchet distance 6.0 on
    # this package's classifier, precision 0.69, recall 0.80; without the hidden layers (hidden_units=0) 100.7, 0.48 and
    # 0.60.
    "mnist_28": Config(
        data=DataConfig(dataset="mnist"),
        model=ModelConfig(image_size=(28, 28), channels=1, hidden_units=256),
        training=TrainingConfig(steps=5000, ema_decay=_EVERYDAY_EMA),
    ),
    # The paper's conditional MNIST network, layer by layer.
    # Source: the authors' code for MNIST, the network behind the paper's Table 3. The label is appended to the input of
    # every layer; one hidden layer of 1,024 in each network; batch norm without gain and offset; sigmoid, pixels in
    # [0, 1]; no biases; L2 of 2.5e-5. The authors trained on 50,000 images for 200 epochs, that is 39,100 updates of
    # each network; over the second half the learning rate decays to 0.
    "mnist_28_conditional": Config(
        data=DataConfig(dataset="mnist", split="train[:50000]"),
        model=ModelConfig(
            image_size=(28, 28),
            channels=1,
            conditional=True,
            classes=10,
            latent_distribution="uniform",
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
    # mnist_28 with labels: train("mnist", conditional=True).
    # Everyday: the networks of mnist_28, the label appended as in mnist_28_conditional. Tried for 600 steps of 128 each
    # (2026-11-20), judged by the share of 640 images, 64 of each class, that the nearest of 20,000 training images puts
    # into the requested class (640 other training images: 0.97): no hidden layer 0.82; none and 32 latent dimensions
    # 0.81; none and 16 0.85; none, 32 and 32 base filters 0.73; a hidden layer of 256 and 32 latent dimensions 0.93; a
    # hidden layer of 256 and 100 0.95, which was kept. Those 600 steps took 160 s beside much other work. After
    # train("mnist", conditional=True, steps=1000): 0.96; by eye most of 60 samples read as their digit. On 50,000
    # images, 10,000 steps took 37 minutes beside other work; 50,000 samples as the training set of a
    # 1-nearest-neighbor classifier give 3.55% test error (6.1% at step 1,000, mean 3.42% from 8,000 to 15,647; real
    # images 3.27%). Fréchet distance of the moving average on the package's classifier: 4.1 at step 1,000, 3.8 at
    # 10,000, 2.0 at 15,647.
    "mnist_28_by_class": Config(
        data=DataConfig(dataset="mnist"),
        model=ModelConfig(image_size=(28, 28), channels=1, conditional=True, classes=10, hidden_units=256),
        training=TrainingConfig(steps=5000, ema_decay=_EVERYDAY_EMA),
    ),
    # CIFAR-10 and other small color images.
    # Everyday: 4x4 kernels, stride 2, 64 base filters. train("cifar10", steps=5000), 12.8 epochs, 2026-11-20: 22
    # minutes beside other work. Sharp textures, shapes before a ground with a horizon, a few that could be a ship, a
    # horse or a bird; no collapse. With flip=True, base_filters=128, precision="mixed_bfloat16", 11,054 steps (71
    # minutes at 330 images/s): ships, cars, birds and planes can be told in about a third of 64 samples. A linear
    # classifier on the discriminator's features: 75.2% with 128 base filters, 70.8% with 64.
    "cifar10_32": Config(
        data=DataConfig(dataset="cifar10"),
        model=ModelConfig(image_size=(32, 32)),
        training=TrainingConfig(steps=20_000, ema_decay=_EVERYDAY_EMA),
    ),
    # Photographs, and whatever is larger than 32 pixels.
    # Everyday: the networks of torch_64 with a moving average of the generator. 10,000 photographs of 20 classes,
    # 2026-11-20: after 1,018 steps (13 epochs) colors and coarse layout, no objects yet. Plan for many times as many
    # steps, or a GPU. Not yet judged by any metric.
    "photos_64": Config(
        model=ModelConfig(image_size=(64, 64)),
        training=TrainingConfig(steps=20_000, ema_decay=_EVERYDAY_EMA),
        report=ReportConfig(sample_every=100, checkpoint_every=250),
    ),
    # For tests: seconds, and nothing worth looking at. Two doublings, four and eight filters.
    "tiny": Config(
        model=ModelConfig(image_size=(16, 16), channels=1, latent_dim=8, base_filters=4),
        training=TrainingConfig(batch_size=8, steps=10, ema_decay=0.9),
        report=ReportConfig(log_every=2, sample_every=5, checkpoint_every=5, sample_count=9, evaluate_every=5),
    ),
}

DEFAULT = "digits_32"


def fitting(dataset: str, image_size: tuple[int, int] | None, channels: int, conditional: bool = False) -> str:
    """The name of the everyday preset for a data set.

    Args:
        dataset: its name as the user gave it.
        image_size: height and width of most of its images, or None if unknown.
        channels: 1, 3 or 4.
        conditional: whether the networks are trained with labels.
    """
    if dataset == "digits":
        return DEFAULT
    largest = max(image_size) if image_size else 64
    if largest <= 28 and channels == 1:
        return "mnist_28_by_class" if conditional else "mnist_28"
    return "cifar10_32" if largest <= 32 else "photos_64"
