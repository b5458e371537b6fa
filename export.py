"""`python export.py ...` is `dcgan export ...`, without installing anything; see dcgan_tf/cli."""

import sys

from dcgan_tf.cli.process import run

if __name__ == "__main__":
    sys.exit(run(["export", *sys.argv[1:]]))
