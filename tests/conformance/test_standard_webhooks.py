"""Signatures of Standard Webhooks: what we sign is what the reference libraries sign."""

import json
from pathlib import Path
from typing import Any

import pytest

from services.pickup.domain.signatures import key_of, signatures
from tests.receiver import TOLERANCE_S, is_genuine

pytestmark = pytest.mark.conformance


@pytest.fixture(scope="module")
def cases(vectors: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((vectors / "standard-webhooks" / "vectors.json").read_text())
    return found


def test_we_sign_as_the_reference_libraries_do(cases: dict[str, Any]) -> None:
    assert cases["positive"]
    for case in cases["positive"]:
        signed = signatures([case["secret"]], case["id"], case["timestamp"], case["payload"].encode())
        assert signed == case["signature"], case["from"]


def test_what_is_no_secret_signs_nothing(cases: dict[str, Any]) -> None:
    assert cases["bad_secrets"]
    for secret in cases["bad_secrets"]:
        with pytest.raises(ValueError, match="a secret has 24 to 64 bytes"):
            key_of(secret)


def test_the_receiver_of_these_tests_takes_what_the_vectors_call_right_and_nothing_else(cases: dict[str, Any]) -> None:
    assert cases["tolerance_seconds"] == TOLERANCE_S
    case = cases["positive"][0]
    valid = signatures([case["secret"]], case["id"], case["timestamp"], case["payload"].encode())
    headers = {"webhook-id": case["id"], "webhook-timestamp": str(case["timestamp"])}

    def takes(signature: str, late_s: int = 0) -> bool:
        signed = headers | {"webhook-signature": signature}
        return is_genuine(signed, case["payload"].encode(), [case["secret"]], case["timestamp"] + late_s)

    assert takes(valid, TOLERANCE_S)
    assert takes(cases["multi_signature_header_example"].replace("<valid>", valid))
    assert not takes(valid, TOLERANCE_S + 1)
    assert not any(takes(bad) for bad in cases["bad_signature_headers"])
