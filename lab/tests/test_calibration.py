import numpy as np

from mm_lab.evaluate.calibration import Confidence, calibration_error, fit_confidence


def drawn(count: int, seed: int, truth: Confidence):
    rng = np.random.default_rng(seed)
    mean = -rng.exponential(0.8, count)
    least = mean - rng.exponential(1.0, count)
    return mean, least, rng.random(count) < truth(mean, least)


def test_the_fit_finds_the_curve_that_made_the_data_and_is_calibrated_on_new_data():
    truth = Confidence(1.5, 1.2, 0.4)
    found = fit_confidence(*drawn(20_000, 0, truth))
    np.testing.assert_allclose([found.bias, found.mean, found.least], [1.5, 1.2, 0.4], atol=0.15)
    mean, least, right = drawn(20_000, 1, truth)
    assert calibration_error(found(mean, least), right) < 0.015
    assert calibration_error(np.full(len(right), 0.99), right) > 0.2


def test_a_caption_unlike_its_picture_is_trusted_less():
    rng = np.random.default_rng(3)
    similarity = rng.normal(0.45, 0.1, 20_000)
    mean, least, _ = drawn(20_000, 3, Confidence(1, 1, 1))
    right = rng.random(20_000) < Confidence(-1.0, 1.2, 0.4, 5.0)(mean, least, similarity)
    found = fit_confidence(mean, least, right, similarity)
    np.testing.assert_allclose(list(found.settings().values()), [-1.0, 1.2, 0.4, 5.0], atol=0.5)
    assert set(fit_confidence(mean, least, right).settings()) == {"bias", "mean", "least"}
    assert calibration_error(found(mean, least, similarity), right) < 0.015


def test_separable_data_stay_finite():
    mean = np.array([-2.0, -1.9, -0.1, -0.2])
    found = fit_confidence(mean, mean, np.array([False, False, True, True]))
    assert np.isfinite([found.bias, found.mean, found.least]).all()
    assert found(mean, mean)[2] > 0.8
    assert found(mean, mean)[0] < 0.2


def test_the_error_of_known_bins():
    confidence, right = np.array([0.95, 0.95, 0.05, 0.05]), np.array([True, False, False, False])
    np.testing.assert_allclose(calibration_error(confidence, right), (2 * 0.45 + 2 * 0.05) / 4)
