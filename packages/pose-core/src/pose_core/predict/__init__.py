"""Networks and videos, images or labeled frames to predictions on disk."""

from pose_core.batches.images import find_images
from pose_core.partial import incomplete
from pose_core.predict.stills import about_images, predict_frames, predict_images
from pose_core.predict.videos import VideoResult, predict_together, predict_video

__all__ = [
    "VideoResult",
    "about_images",
    "find_images",
    "incomplete",
    "predict_frames",
    "predict_images",
    "predict_together",
    "predict_video",
]
