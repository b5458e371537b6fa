"""What a generator and a discriminator have learned (paper, section 6), as functions that return arrays."""
