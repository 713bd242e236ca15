"""The state-space core: dynamics, likelihoods with derivatives, smoothers and fits."""
