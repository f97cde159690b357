import pytest

from catalog.report.figures.importance_scale import importance_scale


def score(value, low, high):
    return {"value": value, "low": low, "high": high}


FOUND = {
    "parts": [
        {
            "permuted": score(-0.01, -0.2, 0.03),
            "left_out": score(0.02, 0.0, 0.3),
            "alone": score(0.5, 0.4, 0.6),
        },
        {"permuted": score(0.0, 0.0, 0.0), "left_out": None, "alone": score(0.9, 0.8, 0.7)},
    ]
}


def test_every_value_and_interval_lies_on_the_scale_and_so_does_nothing():
    assert importance_scale(FOUND, ["permuted", "left_out"]) == (-0.2, 0.3)
    assert importance_scale(FOUND, ["alone"]) == (0.0, 0.9)


@pytest.mark.parametrize("parts", [[], [{"alone": score(0.0, 0.0, 0.0)}]])
def test_where_nothing_makes_a_difference_there_is_a_scale(parts):
    least, most = importance_scale({"parts": parts}, ["alone"])
    assert least == 0
    assert most > 0
