"""Images from a served generator. Nothing here needs TensorFlow, so a client can be small."""

from dcgan_tf.serving.client import Client, VersionStatus
from dcgan_tf.serving.connection import NotFoundError, RefusedError, ServingError, UnavailableError

__all__ = ["Client", "NotFoundError", "RefusedError", "ServingError", "UnavailableError", "VersionStatus"]
