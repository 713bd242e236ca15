"""The state-space core: dynamics, likelihoods with derivatives, smoothers and fits.

Chains, whose state is a vector: `motion` (how it moves), `chain` (what is observed), `nonlinear`
(through a function), `solving` (fit and smooth), `robust` (heavy tails). Below them `search` and
`climbing` (maximum likelihood), `inference` (one chain at given parameters), `forms` with the
kernels `diagonal`, `integrated` and `dense`, `wide` (after long gaps), `lockstep` (numpy alone).

Lanes, whose position is a number, for one camera: `lanes`, `walk`, `velocity`, `dynamics`,
`fitting`, `plain` (numpy alone). `chunks`: both, at any length.
"""
