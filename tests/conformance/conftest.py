"""Vectors of the standards, read from beside the checkout; without them these tests skip with that reason."""

from pathlib import Path

import pytest

VECTORS = Path(__file__).resolve().parent.parent.parent.parent / "shared" / "conformance"


@pytest.fixture(scope="session")
def vectors() -> Path:
    if not VECTORS.is_dir():
        pytest.skip(f"no vectors of the standards at {VECTORS.parent.name}/{VECTORS.name} beside this checkout")
    return VECTORS
