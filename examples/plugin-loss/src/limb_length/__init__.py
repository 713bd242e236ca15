"""An unsupervised loss for pose-core: limbs keep their length."""
