"""The contract of metrics: one number per frame and keypoint, NaN where it cannot be said."""

from dataclasses import replace

import numpy as np

from pose_core.labels import Labels
from pose_core.predictions import Predictions
from pose_core.testing.samples import sample_labels
from pose_core.testing.suite import Conformance


class MetricConformance(Conformance):
    """Computes the metric of predictions a few pixels off the labels.

    Override `labels` for a metric that needs a richer scene.
    """

    kind = "metric"

    def labels(self) -> Labels:
        """Give labels of a small animal in two views; a few points are missing."""
        return sample_labels()

    def predictions(self, labels: Labels) -> Predictions:
        """Give predictions of the same frames, complete, some pixels off."""
        rng = np.random.default_rng(3)
        truth = np.where(np.isnan(labels.keypoints), 100.0, labels.keypoints)
        keypoints = truth + rng.normal(scale=3.0, size=truth.shape)
        confidence = rng.uniform(0.5, 1.0, size=truth.shape[:2])
        return Predictions(keypoints, confidence, labels.skeleton, frames=labels.frames)

    def compute(self, predictions: Predictions, labels: Labels) -> np.ndarray:
        """Run the metric and check the shape of what it gives."""
        values = self.component.compute(predictions, labels if self.component.needs else None)
        assert values.shape == predictions.confidence.shape
        assert np.issubdtype(values.dtype, np.floating)
        return values

    def test_it_says_what_it_is(self) -> None:
        assert isinstance(self.component.unit, str)
        assert self.component.unit, "a number has a unit; '1' for a ratio"
        assert self.component.needs - {"views"} in ({"labels"}, {"training"}, set())

    def test_it_gives_a_number_per_frame_and_keypoint(self) -> None:
        labels = self.labels()
        values = self.compute(self.predictions(labels), labels)
        assert np.isfinite(values).any()
        assert not np.isinf(values).any()

    def test_a_missing_label_gives_nan(self) -> None:
        labels = self.labels()
        values = self.compute(self.predictions(labels), labels)
        if "labels" in self.component.needs:
            missing = np.isnan(labels.keypoints).any(-1)
            assert missing.any()
            assert np.isnan(values[missing]).all()

    def test_a_missing_prediction_gives_nan(self) -> None:
        labels = self.labels()
        predictions = self.predictions(labels)
        keypoints = predictions.keypoints.copy()
        keypoints[2, 1] = keypoints[5] = np.nan
        values = self.compute(replace(predictions, keypoints=keypoints), labels)
        assert np.isnan(values[2, 1])
        assert np.isnan(values[5]).all()

    def test_one_frame_or_none_raises_no_error(self) -> None:
        labels = self.labels()
        for rows in ([0], []):
            few = labels.select(rows)
            fitted = labels if "training" in self.component.needs else few
            self.compute(self.predictions(few), fitted)

    def test_what_it_is_given_is_not_altered(self) -> None:
        labels = self.labels()
        predictions = self.predictions(labels)
        self.compute(predictions, labels)
        np.testing.assert_array_equal(predictions.keypoints, self.predictions(labels).keypoints)
        np.testing.assert_array_equal(labels.keypoints, self.labels().keypoints)
