"""`python train.py ...` is `dcgan train ...`, without installing anything; see dcgan_tf/cli."""

import sys

from dcgan_tf.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["train", *sys.argv[1:]]))
