"""To and from the files of SLEAP and movement: `formats` says which suffix is whose."""
