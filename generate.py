"""`python generate.py ...` is `dcgan generate ...`, without installing anything; see dcgan_tf/cli."""

import sys

from dcgan_tf.cli.process import run

if __name__ == "__main__":
    sys.exit(run(["generate", *sys.argv[1:]]))
