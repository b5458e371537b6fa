"""DCGAN (Radford, Metz and Chintala, arXiv:1511.06434) in TensorFlow 2 and Keras 3."""

__version__ = "0.1.0"
