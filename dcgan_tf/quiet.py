"""TensorFlow without its start-up lines."""

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator

from dcgan_tf.errors import UserError


@contextlib.contextmanager
def quiet_stderr() -> Iterator[None]:
    """Hides what native code writes to stderr; after an error it is shown after all.

    TensorFlow prints some start-up lines before any setting can silence them.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    sys.stderr.flush()
    with tempfile.TemporaryFile() as kept:
        real = os.dup(2)
        os.dup2(kept.fileno(), 2)
        try:
            yield
        except Exception:
            kept.seek(0)
            os.write(real, kept.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(real, 2)
            os.close(real)


def load_tensorflow() -> None:
    """Imports TensorFlow and looks at the devices, both of which print when they happen for the first time.

    Raises:
        UserError: it is not installed, as where only the client is used.
    """
    if "keras" not in sys.modules:
        os.environ["KERAS_BACKEND"] = "tensorflow"  # whatever the user has chosen for other programs
    if "tensorflow" in sys.modules:
        return
    _load_matplotlib()
    with quiet_stderr():
        try:
            import tensorflow
        except ModuleNotFoundError as error:
            if error.name != "tensorflow":
                raise
            raise UserError("TensorFlow is not installed, which all but the client needs; see README.md") from error
        tensorflow.config.list_physical_devices()


def _load_matplotlib() -> None:
    """Imports what Keras will import, without the backend in MPLBACKEND if that is not installed here.

    A notebook hands its own backend down to the programs that it starts, which may run in another environment. Figures
    of this package need none.
    """
    if "matplotlib" in sys.modules or not (backend := os.environ.pop("MPLBACKEND", None)):
        return
    import matplotlib

    with contextlib.suppress(ValueError):
        matplotlib.rcParams["backend"] = backend
        os.environ["MPLBACKEND"] = backend
