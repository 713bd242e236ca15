"""The demo: an animal is drawn, networks learn it, and what they find is held against the truth."""
