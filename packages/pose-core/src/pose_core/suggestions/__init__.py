"""Which frames to label next, and why; written into the project to be corrected. No torch."""
