"""Feature extractors: images to vectors in which distances mean something.

A value depends on its extractor as much as on the images. Every extractor therefore has a name that tells everything
that defines it, and the name stands in every row that was computed with it.
"""

from dcgan_tf.evaluation.features.classifier import Classifier, trained_classifier
from dcgan_tf.evaluation.features.discriminator_features import DiscriminatorFeatures
from dcgan_tf.evaluation.features.extractor import Extractor, Features, Pixels
from dcgan_tf.evaluation.features.inception import Inception, inception_file
from dcgan_tf.evaluation.features.keras_model import KerasFile

__all__ = [
    "Classifier",
    "DiscriminatorFeatures",
    "Extractor",
    "Features",
    "Inception",
    "KerasFile",
    "Pixels",
    "inception_file",
    "trained_classifier",
]
