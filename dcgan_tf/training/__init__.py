"""Training: what a step is, when something is due, what a run leaves on disk, and how it is doing."""
