"""The commands of explore.py: flags, what they open, their pictures. What they compute is in `dcgan_tf.explore`."""
