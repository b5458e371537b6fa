"""DCGAN (Radford, Metz and Chintala, arXiv:1511.06434) in TensorFlow 2 and Keras 3.

    import dcgan_tf as dcgan

    run = dcgan.train("mnist", steps=5000)
    images = run.generator().images(seeds=range(64))
    dcgan.grid(images).save("grid.png")

The names below are the public API. TensorFlow is imported when one of them needs it, not by `import dcgan_tf`.
"""

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.2.0"

if TYPE_CHECKING:
    from dcgan_tf import explore, presets
    from dcgan_tf.api import Run, evaluate, export, load_exported, open_run, train
    from dcgan_tf.config import Config, ModelConfig
    from dcgan_tf.errors import ArgumentError, UserError
    from dcgan_tf.images import show as grid
    from dcgan_tf.losses import Loss
    from dcgan_tf.models import Generator, build_discriminator, build_generator
    from dcgan_tf.serving import Client

__all__ = [
    "ArgumentError",
    "Client",
    "Config",
    "Generator",
    "Loss",
    "ModelConfig",
    "Run",
    "UserError",
    "build_discriminator",
    "build_generator",
    "evaluate",
    "explore",
    "export",
    "grid",
    "load_exported",
    "open_run",
    "presets",
    "train",
]

_LIGHT = {
    "ArgumentError": "errors.ArgumentError",
    "Client": "serving.Client",
    "Config": "config.Config",
    "Loss": "losses.Loss",
    "ModelConfig": "config.ModelConfig",
    "UserError": "errors.UserError",
    "grid": "images.show",
    "presets": "presets",
}
_WITH_TENSORFLOW = {
    "Generator": "models.Generator",
    "build_discriminator": "models.build_discriminator",
    "build_generator": "models.build_generator",
    "explore": "explore",
} | {name: f"api.{name}" for name in ("Run", "evaluate", "export", "load_exported", "open_run", "train")}


def __getattr__(name: str) -> Any:
    if name in _WITH_TENSORFLOW:
        from dcgan_tf.quiet import load_tensorflow

        load_tensorflow()
    place = (_LIGHT | _WITH_TENSORFLOW).get(name)
    if place is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, attribute = place.partition(".")
    value = importlib.import_module(f"{__name__}.{module}")
    globals()[name] = getattr(value, attribute) if attribute else value
    return globals()[name]


def __dir__() -> list[str]:
    return __all__
