"""Which packages made something: kept with every run, score and export."""

import keras
import tensorflow as tf

import dcgan_tf


def versions() -> dict[str, str]:
    """Version by package, those that decide what the networks compute."""
    return {"dcgan_tf": dcgan_tf.__version__, "tensorflow": tf.__version__, "keras": keras.__version__}
