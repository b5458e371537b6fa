"""To be deleted with its last caller, cli/generate.py, which can use `export.load`."""

from dcgan_tf.export.exported import ExportedGenerator  # noqa: F401
