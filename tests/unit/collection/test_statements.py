import pytest

from catalog.collection.statements import joined_text


@pytest.mark.parametrize(
    "texts", [("Jazz", "Blues"), ("Jazz\nBlues",), ("Jazz\0Blues",), ("Jazz\r\n\tBlues ",)]
)
def test_lines_of_a_text_stay_apart(texts):
    assert joined_text(texts) == "Jazz; Blues"
