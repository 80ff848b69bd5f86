"""QR codes in pictures, and what is none."""

from typing import Any

import pytest
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st

from tgsandbox.given import Wrong
from tgsandbox.web.codes import code_in


def test_what_a_code_says() -> None:
    made: Any = zxingcpp.create_barcode("Чай №7", zxingcpp.BarcodeFormat.QRCode)
    picture: Any = memoryview(made.to_image(scale=4))
    height, width = picture.shape
    assert code_in(bytes(picture), width, height) == "Чай №7"


@pytest.mark.parametrize(("width", "height"), [(0, 4), (2, 3), (-2, -2), (4, 0), (5000, 1)])
def test_a_picture_that_lies_about_its_size_is_refused(width: int, height: int) -> None:
    with pytest.raises(Wrong, match="width times height"):
        code_in(b"1234", width, height)


@given(st.binary(min_size=64, max_size=64))
def test_noise_is_no_code(noise: bytes) -> None:
    assert code_in(noise, 8, 8) == ""
