"""`python train.py ...` is `dcgan train ...`, without installing anything; see dcgan_tf/cli."""

import sys

from dcgan_tf.cli.process import run

if __name__ == "__main__":
    sys.exit(run(["train", *sys.argv[1:]]))
