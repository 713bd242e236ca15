"""From files to what a network trains on: labeled frames, unlabeled clips, augmentation."""
