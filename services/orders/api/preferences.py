"""`Prefer: wait=N`: how long a client would wait for the outcome (RFC 7240, section 4.3)."""

import re
from collections.abc import Iterable

WAIT_LIMIT_S = 10
"""Who asks for more is kept waiting so long."""

_WAIT = re.compile(r'\s*wait\s*=\s*"?(\d{1,9})"?\s*(?:;.*)?', re.IGNORECASE)


def preferred_wait(headers: Iterable[str]) -> int:
    """Seconds, 0 to WAIT_LIMIT_S; of several the first counts, and what cannot be read is no preference."""
    for header in headers:
        for preference in header.split(","):
            found = _WAIT.fullmatch(preference)
            if found:
                return min(int(found[1]), WAIT_LIMIT_S)
    return 0
