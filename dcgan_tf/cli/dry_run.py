"""What `--dry_run` prints: data, settings, layers, parameters, memory and disk."""

import math
from typing import TYPE_CHECKING

from dcgan_tf import files, geometry, models
from dcgan_tf.cli.flags import with_dashes
from dcgan_tf.config import Config, all_settings
from dcgan_tf.data import SourceInfo, cache, facts
from dcgan_tf.models import summary

if TYPE_CHECKING:
    from dcgan_tf.training.plan import Plan


def describe(planned: "Plan") -> str:
    """A plan as text. The networks are built to be counted, and thrown away; nothing is prepared or downloaded."""
    info = planned.source.info() if planned.source else SourceInfo(planned.recorded["data"]["count"], None, 3)
    config = planned.with_steps(info.count)
    generator, discriminator = models.build_generator(config.model), models.build_discriminator(config.model)
    memory = summary.training_bytes(config, generator, discriminator) / summary.GIB
    limit, place = summary.memory_limit(config)
    has = f"; {place} {limit:.1f} GiB" if math.isfinite(limit) else ""
    parts = [
        *_data(info, config),
        f"configuration (preset {planned.preset}):",
        _settings(config),
        "",
        summary.layer_table(generator),
        "",
        summary.layer_table(discriminator),
        "",
        f"memory for training: about {memory:.1f} GiB, and {summary.TENSORFLOW_GIB} GiB for TensorFlow itself{has}",
        *filter(None, [summary.memory_warning(config, generator, discriminator)]),
        *_disk(info.count, config),
    ]
    return with_dashes("\n".join(parts))


def _data(info: SourceInfo, config: Config) -> list[str]:
    """What the headers tell of the images; nothing before a download."""
    if info.count is None:
        return ["data: not downloaded yet", ""]
    usable = sum(count for _, count in info.aspects) or info.count
    training, known = config.training, f", {info.classes} classes" if info.classes else ""
    size = f", most of them of size {geometry.size_text(info.image_size)}" if info.image_size else ""
    passes = training.steps * training.batch_size * training.d_steps / usable
    cut = facts.cut_in_half(info.aspects, config.model.image_size)
    about = facts.sentences(usable, cut, config.data.crop, batch_size=training.batch_size)
    return [
        *filter(None, [facts.many_skipped(usable, info.skipped)]),
        f"data: {usable:,} images{size}{known}",
        *(f"  {text}" for text in (*info.notes, *about)),
        f"  steps: {training.steps:,}, which are {passes:,.{int(passes < 10)}f} passes through them",
        "",
    ]


def _disk(count: int | None, config: Config) -> list[str]:
    """What the prepared images take, as far as it is known."""
    if count is None:
        return []
    root = cache.cache_root(config.data.cache_dir)
    needed, free = count * math.prod((*config.model.image_size, config.model.channels)), files.free_bytes(root)
    short = "warning: too little space: " if needed > free else ""
    return [f"{short}prepared images: {files.amount(needed)} in {root}, which has {files.amount(free)} free"]


def _settings(config: Config) -> str:
    """One line per setting, as the command line takes it; without dashes if it takes none."""
    return "\n".join(
        f"  {'--' if item.metadata['flag'] else ''}{item.name}={config.text(item.name)}" for item in all_settings()
    )
