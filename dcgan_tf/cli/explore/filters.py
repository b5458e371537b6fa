"""The filters next to the image, of both networks, beside those before training.

  dcgan explore filters --run=runs/00002-cifar10_32

The discriminator's first convolution shows what is looked for first; the generator's last transposed convolution, what
one value of a map paints. Every network's filters are on one scale, the strongest first, gray is zero.
"""

from dcgan_tf.cli.explore.run import ExploredRun, check_range, library, view_flags

FLAGS = view_flags(__doc__, "filters")
FLAGS.whole("count", 64, "filters of each network to show")
FLAGS.old_name("num", "count")


def main() -> None:
    """Takes the filters of four networks, draws, says how smooth they are."""
    run = ExploredRun(FLAGS, "filters.png")
    check_range(FLAGS, "count", 1, 10_000)
    explore = library()
    from dcgan_tf import models

    networks = {
        "discriminator, first convolution, trained": run.discriminator(),
        "discriminator, before training": run.discriminator(trained=False),
        "generator, last transposed convolution, trained": run.generator,
        "generator, before training": models.build_generator(run.config.model, run.config.training.seed),
    }
    found = {title: explore.filters(network) for title, network in networks.items()}
    words = (
        "correlation of neighboring weights: discriminator {:.2f} (before training {:.2f}), generator {:.2f} ({:.2f})"
    ).format(*(each.smoothness for each in found.values()))
    run.say(words)
    run.write(explore.filters_figure(found, FLAGS.count, f"{words}\n{run.origin}; strongest first, zero is gray").save)
