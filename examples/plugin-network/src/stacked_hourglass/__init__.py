"""A whole network for pose-core: stacked hourglasses, with a decoder of its own."""
