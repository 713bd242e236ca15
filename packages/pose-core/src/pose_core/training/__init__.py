"""Training: the objective, the Lightning module, and `fit`, which runs them."""
