"""The contract of smoothers: several networks' predictions to one, in numpy."""

from dataclasses import replace

import numpy as np

from pose_core.predictions import Ensemble, Predictions
from pose_core.testing.samples import sample_ensemble, sample_track
from pose_core.testing.suite import OptionsConformance, modules_after


class SmootherConformance(OptionsConformance):
    """Smooths what three networks say of a clip of a small animal in two views.

    Override `ensemble` for a smoother that needs a richer scene.
    """

    kind = "smoother"

    def ensemble(self, members: int = 3, frames: int = 48) -> Ensemble:
        """Give what networks say of the clip `pose_core.testing.samples.sample_track`."""
        return sample_ensemble(members, frames)

    def smooth(self, ensemble: Ensemble) -> Predictions:
        """Run the smoother and check the shape of what it gives."""
        smoothed = self.component.smooth(ensemble, self.filled)
        assert isinstance(smoothed, Predictions)
        assert smoothed.keypoints.shape == ensemble.keypoints.shape[1:]
        assert smoothed.skeleton.names == ensemble.skeleton.names
        assert smoothed.frames == ensemble.frames
        confidence = smoothed.confidence[~np.isnan(smoothed.confidence)]
        assert ((confidence >= 0) & (confidence <= 1)).all()
        return smoothed

    def test_complete_predictions_give_complete_ones(self) -> None:
        assert np.isfinite(self.smooth(self.ensemble()).keypoints).all()

    def test_it_is_no_worse_than_the_members_are(self) -> None:
        ensemble, truth = self.ensemble(), sample_track()
        members = np.linalg.norm(ensemble.keypoints - truth, axis=-1).mean()
        smoothed = np.linalg.norm(self.smooth(ensemble).keypoints - truth, axis=-1).mean()
        assert smoothed <= members, f"{smoothed:.2f} px off the truth; the members {members:.2f}"

    def test_one_member_is_enough(self) -> None:
        assert np.isfinite(self.smooth(self.ensemble(members=1)).keypoints).all()

    def test_a_clip_of_one_frame_or_two_is_enough(self) -> None:
        for frames in (1, 2):
            self.smooth(self.ensemble(frames=frames))

    def test_what_some_members_miss_does_not_matter(self) -> None:
        ensemble = self.ensemble()
        keypoints = ensemble.keypoints.copy()
        keypoints[0, 3:6, 0] = keypoints[1, 20, :] = np.nan
        smoothed = self.smooth(replace(ensemble, keypoints=keypoints))
        assert np.isfinite(smoothed.keypoints).all()

    def test_what_all_members_miss_raises_no_error(self) -> None:
        ensemble = self.ensemble()
        for gap in (np.s_[:, 10:14, 0], np.s_[:, :, 1], np.s_[:, 7], np.s_[:, :5], np.s_[:]):
            keypoints, confidence = ensemble.keypoints.copy(), ensemble.confidence.copy()
            keypoints[gap] = confidence[gap] = np.nan
            smoothed = self.smooth(replace(ensemble, keypoints=keypoints, confidence=confidence))
            assert not np.isinf(smoothed.keypoints).any()

    def test_the_order_of_members_does_not_matter(self) -> None:
        ensemble = self.ensemble()
        turned = replace(
            ensemble, keypoints=ensemble.keypoints[::-1], confidence=ensemble.confidence[::-1]
        )
        forward, backward = self.smooth(ensemble), self.smooth(turned)
        np.testing.assert_allclose(forward.keypoints, backward.keypoints, atol=1e-3)

    def test_the_same_ensemble_gives_the_same_result(self) -> None:
        first, second = self.smooth(self.ensemble()), self.smooth(self.ensemble())
        np.testing.assert_array_equal(first.keypoints, second.keypoints)

    def test_frame_names_are_kept(self) -> None:
        ensemble = self.ensemble()
        names = tuple(f"img{number:03d}.png" for number in range(ensemble.keypoints.shape[1]))
        assert self.smooth(replace(ensemble, frames=names)).frames == names

    def test_the_ensemble_is_not_altered(self) -> None:
        given, untouched = self.ensemble(), self.ensemble()
        self.smooth(given)
        np.testing.assert_array_equal(given.keypoints, untouched.keypoints)
        np.testing.assert_array_equal(given.confidence, untouched.confidence)

    def test_smoothing_imports_no_torch(self) -> None:
        code = (
            f"from pose_core.plugins import Plugins; "
            f"from pose_core.options import fill; "
            f"from pose_core.testing.samples import sample_ensemble; "
            f"one = Plugins().add({self.plugin!r}).find('smoother', {self.name!r}); "
            f"one.smooth(sample_ensemble(), fill(one.options, {dict(self.options)!r}, 'test'))"
        )
        assert "torch" not in modules_after(code)
