"""The command `dcgan`: flags, and one module for each sub-command. Nothing below this folder knows of flags."""
