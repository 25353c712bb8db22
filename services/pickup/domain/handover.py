"""At the counter: the code, who may come for a bag, and how it was in the end."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hmac import compare_digest
from unicodedata import normalize

from services.pickup.domain.pickups import Decision, Fact, Pickup, refused
from services.pickup.domain.states import after

WRONG_CODES_LIMIT = 5
"""So many wrong codes in a row lock a pickup."""


@dataclass(frozen=True, slots=True)
class Rate:
    """The customer says how it was: `stars` from 1 to 5, and a word if there is one."""

    stars: int
    words: str | None


def withhold(pickup: Pickup, code: str, collected_by: str | None, now: datetime, lock: timedelta) -> Decision | None:
    """Why the bag is not handed over on this code to this person, with a wrong code counted; None where it may be."""
    if pickup.locked_until is not None and now < pickup.locked_until:
        detail = "Too many wrong codes were entered; wait until `locked_until`."
        return refused(pickup, "locked", detail, locked_until=pickup.locked_until)
    if not compare_digest(code.encode(), (pickup.code or "").encode()):
        return _wrong_code(pickup, now, lock)
    if collected_by is None or _is_named(pickup, collected_by):
        return None
    detail = "The customer has named somebody else." if pickup.collector else "The customer has named nobody else."
    return refused(pickup, "wrong_collector", f"{detail} Hand it to the customer or to `collector` only.")


def hand_over(pickup: Pickup, collected_by: str | None, now: datetime) -> Decision:
    """The bag is gone. A lapsed one that nobody has put back yet is still at the counter: it is handed over."""
    collected = replace(
        pickup,
        state=after("collect", pickup.state),
        closed_at=now,
        wrong_tries=0,
        locked_until=None,
        collected_by=None if collected_by is None else pickup.collector,
    )
    return Decision(collected, (Fact("collected", collected.wanted),))


def rate(pickup: Pickup, rating: Rate, now: datetime) -> Decision:
    """Keep the rating of a collected bag, once; the same one again changes nothing."""
    if pickup.state != "collected":
        detail = f"It is {pickup.state}; a pickup is rated once it is collected."
        return refused(pickup, "illegal_transition", detail, state=pickup.state)
    if pickup.rated_at is None:
        rated = replace(pickup, stars=rating.stars, words=rating.words, rated_at=now)
        return Decision(rated, (Fact("rated", rated.wanted),))
    if (pickup.stars, pickup.words) == (rating.stars, rating.words):
        return Decision(pickup)
    return refused(pickup, "already_rated", f"It has {pickup.stars} stars already, and a rating stays.")


def _wrong_code(pickup: Pickup, now: datetime, lock: timedelta) -> Decision:
    tries = pickup.wrong_tries + 1
    if tries < WRONG_CODES_LIMIT:
        left = WRONG_CODES_LIMIT - tries
        counted = replace(pickup, wrong_tries=tries, locked_until=None)
        detail = f"This is not the code of this pickup; {left} more tries."
        return refused(counted, "wrong_code", detail, tries_left=left)
    locked = replace(pickup, wrong_tries=0, locked_until=now + lock)
    detail = "This is not the code of this pickup, which is now locked until `locked_until`."
    return refused(locked, "wrong_code", detail, tries_left=0, locked_until=locked.locked_until)


def _is_named(pickup: Pickup, name: str) -> bool:
    return pickup.collector is not None and _plain(name) == _plain(pickup.collector)


def _plain(name: str) -> str:
    """A name as people compare it: whatever its spaces, its capitals and the width of its letters."""
    return " ".join(normalize("NFKC", name).casefold().split())
