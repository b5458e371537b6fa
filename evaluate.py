"""`python evaluate.py ...` is `dcgan evaluate ...`, without installing anything; see dcgan_tf/cli."""

import sys

from dcgan_tf.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["evaluate", *sys.argv[1:]]))
