"""What `evaluate.py` does with a run: data, extractor and checkpoints to rows."""

from dcgan_tf.measuring.session import Request, Session
from dcgan_tf.measuring.tasks import SVM, tasks

__all__ = ["SVM", "Request", "Session", "tasks"]
