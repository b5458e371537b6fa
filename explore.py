"""`python explore.py ...` is `dcgan explore ...`, without installing anything; see dcgan_tf/cli."""

import sys

from dcgan_tf.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["explore", *sys.argv[1:]]))
