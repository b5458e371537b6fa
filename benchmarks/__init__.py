"""Measurements of speed and memory, as scripts: see README.md. Not part of the installed package."""
