"""What the views share: points of the latent space, rendering, figures, boxes, layers."""
