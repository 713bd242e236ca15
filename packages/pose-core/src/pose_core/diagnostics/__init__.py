"""What tells whether tracks can be trusted: named numbers per frame and keypoint, without torch."""
