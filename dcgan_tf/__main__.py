"""`python -m dcgan_tf ...` is `dcgan ...`."""

import sys

from dcgan_tf.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
