"""Training: state, step, loop, checkpoints and reports."""
