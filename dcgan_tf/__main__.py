"""`python -m dcgan_tf ...` is `dcgan ...`."""

import sys

from dcgan_tf.cli.process import run

if __name__ == "__main__":
    sys.exit(run())
