"""GS1 check digits: what is a right GTIN, and what is not."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from services.inventory.api.items import ItemBody

pytestmark = pytest.mark.conformance
GTIN_LENGTHS = (8, 12, 13, 14)


def is_taken(gtin: str) -> bool:
    try:
        ItemBody(name="Shirt", gtin=gtin)
    except ValidationError:
        return False
    return True


def test_a_gtin_is_taken_if_its_check_digit_is_right(vectors: Path) -> None:
    cases = json.loads((vectors / "gs1-check-digit" / "check_digit_vectors.json").read_text())["vectors"]
    verdicts = {case["value"]: case["valid"] and len(case["value"]) in GTIN_LENGTHS for case in cases}
    assert any(verdicts.values())
    assert {gtin: is_taken(gtin) for gtin in verdicts} == verdicts
