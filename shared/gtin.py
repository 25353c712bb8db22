"""GTINs, the numbers in the bar codes of goods (GS1 General Specifications, sections 3.3 and 7.9).

They have 8, 12, 13 or 14 digits, the last one of which checks the others. Leading zeros mean nothing: each is a GTIN-14
with zeros before it. A GS1 Digital Link URI carries one in its path, after the key `01` (GS1 Digital Link: URI Syntax).
"""

from itertools import pairwise
from urllib.parse import urlsplit

from stdnum import ean

LENGTHS = (14, 13, 12, 8)
SHORTEST = min(LENGTHS)
LONGEST = max(LENGTHS)
WRONG = "not a GTIN: 8, 12, 13 or 14 digits with the right GS1 check digit"
_KEYS = ("01", "gtin")
"""How the path of a Digital Link announces its GTIN; the second is the older, spoken form."""


def checked(gtin: str) -> str:
    """The digits of a GTIN as it is written, without spaces and hyphens. Raises ValueError."""
    if not gtin.isascii() or not ean.is_valid(gtin):
        raise ValueError(WRONG)
    return ean.compact(gtin)


def gtin_14(code: str) -> str:
    """The 14 digits of what was scanned or typed: a GTIN, some leading zeros perhaps lost, or a Digital Link URI.

    Raises ValueError.
    """
    return _of_link(code) if "/" in code else _padded(ean.compact(code))


def spellings(gtin: str) -> list[str]:
    """All that a GTIN-14 may be written as: itself, and shorter by zeros that it begins with."""
    return [gtin[LONGEST - length :] for length in LENGTHS if not gtin[: LONGEST - length].strip("0")]


def _padded(digits: str) -> str:
    if not SHORTEST <= len(digits) <= LONGEST:
        raise ValueError(WRONG)
    return checked(digits.zfill(LONGEST))


def _of_link(uri: str) -> str:
    parts = urlsplit(uri.strip())
    if parts.scheme not in ("http", "https"):
        raise ValueError("not a GS1 Digital Link: it begins with https://")
    for key, value in pairwise(parts.path.split("/")):
        if key.lower() in _KEYS and value.isascii() and value.isdigit() and ean.is_valid(value):
            return _padded(value)
    raise ValueError("not a GS1 Digital Link: its path has no /01/ with a GTIN after it")
