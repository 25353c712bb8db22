"""What scanners read: one item, however its number is written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import ean

from shared.gtin import LENGTHS, checked, gtin_14, spellings

DIGITS = "0123456789"
LONGEST = max(LENGTHS)


def with_check_digit(body: str) -> str:
    return body + ean.calc_check_digit(body)


gtins = st.sampled_from(LENGTHS).flatmap(
    lambda length: st.text(DIGITS, min_size=length - 1, max_size=length - 1).map(with_check_digit)
)
hosts = st.sampled_from(["https://id.gs1.org", "HTTPS://ID.GS1.ORG", "http://shop.example/ja/01/lists", "https://a.jp"])
rests = st.sampled_from(["", "/", "/10/A-7", "/22/2A/10/A-7/21/01", "?17=271231", "/21/01/x#top"])


@given(gtins)
def test_every_spelling_of_a_gtin_is_the_same_item(gtin: str) -> None:
    written = spellings(gtin_14(gtin))
    assert gtin in written
    assert {gtin_14(spelling) for spelling in written} == {gtin.zfill(LONGEST)}
    assert all(checked(spelling) == spelling for spelling in written)


@given(gtins, hosts, st.sampled_from(["01", "gtin", "GTIN"]), rests)
def test_a_digital_link_is_the_gtin_in_it(gtin: str, host: str, key: str, rest: str) -> None:
    assert gtin_14(f"{host}/{key}/{gtin}{rest}") == gtin.zfill(LONGEST)


@given(gtins, st.data())
def test_a_misread_digit_is_found_out(gtin: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(gtin) - 1))
    other = data.draw(st.sampled_from([digit for digit in DIGITS if digit != gtin[place]]))
    with pytest.raises(ValueError, match="not a GTIN"):
        gtin_14(gtin[:place] + other + gtin[place + 1 :])


@pytest.mark.parametrize("digits", ["36000291452", "4 901234-567894", " 4901234567894 "])
def test_zeros_that_a_scanner_swallows_and_spaces_that_a_person_types_are_forgiven(digits: str) -> None:
    assert gtin_14(digits).lstrip("0") == digits.replace(" ", "").replace("-", "")


@pytest.mark.parametrize(
    "code",
    [
        "",
        "17",
        "995242",
        "49012345678",
        "٤٩٠١٢٣٤٥٦٧٨٩٤",
        "4901234567894\0",
        "1" * 2000,
        "https://id.gs1.org/02/04901234567894",
        "https://id.gs1.org/01/04901234567895",
        "https://id.gs1.org/?01=04901234567894",
        "https://[id/01/04901234567894",
        "ftp://id.gs1.org/01/04901234567894",
        "/01/04901234567894",
    ],
)
def test_what_is_no_code_of_goods_is_refused(code: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        gtin_14(code)
