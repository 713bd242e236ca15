"""The models of the paper, one module each, that states its equations."""
