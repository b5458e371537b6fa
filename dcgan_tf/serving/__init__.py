"""Asking a served generator for images. Nothing here needs TensorFlow, so a client can be small."""
