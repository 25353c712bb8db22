"""HTTP door: the profiles of stores."""

from collections.abc import Sequence
from datetime import date, time
from itertools import pairwise
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Path, Response
from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, model_validator

from services.pickup.api.doors import PickupDoors
from services.pickup.domain.calendar import Hours
from services.pickup.store import stores
from services.pickup.store.stores import Profile
from services.pickup.usecases.stores import put_store
from shared.contracts.values import LocationId, Wire
from shared.errors import DomainError
from shared.http.auth import allow
from shared.http.problems import responses
from shared.principal import Principal

router = APIRouter(prefix="/v1/stores", tags=["stores"])

SPANS_LIMIT = 6
"""So many openings a day has at most."""
EXCEPTIONS_LIMIT = 366
SECONDS_LIMIT = 86_400
"""No bag takes longer than a day to pick."""
PICKERS_LIMIT = 1_000
SLOT_CAPACITY_LIMIT = 10_000

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: Sequence[Weekday] = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
EXAMPLES: Any = {
    "a shop": {
        "summary": "A shop with two pickers, closed on New Year's Day",
        "value": {
            "opening_hours": {day: [{"opens": "10:00", "closes": "20:00"}] for day in WEEKDAYS[:6]},
            "exceptions": {"2027-01-01": [], "2026-12-31": [{"opens": "10:00", "closes": "17:00"}]},
            "pickers": 2,
            "picking": {"seconds_per_order": 180, "seconds_per_line": 60},
            "slot_capacity": 12,
        },
    },
    "around the clock": {
        "summary": "A shop that never closes, without slots",
        "value": {
            "opening_hours": {day: [{"opens": "00:00", "closes": "24:00"}] for day in WEEKDAYS},
            "pickers": 1,
            "picking": {"seconds_per_order": 120, "seconds_per_line": 30},
        },
    },
}


def _end_of_day(value: object) -> object:
    """24:00 is the midnight at which the next day begins."""
    return "00:00" if value == "24:00" else value


def _whole_minute(value: time) -> time:
    if value.tzinfo is not None or value.second or value.microsecond:
        raise ValueError("a time of the store's own clock in whole minutes, like 10:00")
    return value


LocalTime = Annotated[
    time,
    BeforeValidator(_end_of_day),
    AfterValidator(_whole_minute),
    PlainSerializer(lambda value: value.strftime("%H:%M")),
]


class Opening(Wire):
    """From and until, by the store's own clock; what does not close after it opens closes on the next day."""

    opens: LocalTime = Field(examples=["10:00"])
    closes: LocalTime = Field(examples=["20:00"])


def _one_after_the_other(day: list[Opening]) -> list[Opening]:
    spans = sorted((opening.opens, opening.closes) for opening in day)
    for (opens, closes), (next_opens, _) in pairwise(spans):
        if closes <= opens or next_opens < closes:
            raise ValueError("openings of a day do not overlap, and only the last one goes on after midnight")
    return day


Day = Annotated[list[Opening], Field(max_length=SPANS_LIMIT), AfterValidator(_one_after_the_other)]


class Picking(Wire):
    """How long one picker needs for a bag."""

    seconds_per_order: Annotated[float, Field(ge=0, le=SECONDS_LIMIT, examples=[180])]
    seconds_per_line: Annotated[float, Field(ge=0, le=SECONDS_LIMIT, examples=[60])]


class StoreBody(Wire):
    """When a store is open, and how fast bags are made there."""

    opening_hours: dict[Weekday, Day] = Field(description="By weekday; a day that is missing is closed")
    exceptions: Annotated[dict[date, Day], Field(max_length=EXCEPTIONS_LIMIT)] = Field(
        default_factory=dict, description="Days that differ, by date: their own hours, or none for a holiday"
    )
    pickers: Annotated[int, Field(strict=True, ge=1, le=PICKERS_LIMIT)] = Field(
        1, description="People who pick at the same time"
    )
    picking: Picking
    slot_capacity: Annotated[int, Field(strict=True, ge=0, le=SLOT_CAPACITY_LIMIT)] | None = Field(
        None, description="Orders that may be collected in one half hour; without it the store offers no slots"
    )

    @model_validator(mode="after")
    def _opens(self) -> "StoreBody":
        if not any(self.opening_hours.values()):
            raise ValueError("a store opens at least once in a week; a store that hands nothing out offers no pickup")
        return self


class StoreProfile(StoreBody):
    location_id: LocationId
    time_zone: str = Field(description="The location's, as inventory knows it; UTC where it names none")


@router.put(
    "/{location_id}",
    summary="Say when a store is open, and how fast it picks",
    description="Puts the whole profile. 201 where the store had none. From then on `ready_by`, `due_at` and slots of"
    " the store follow it; bags that are due already stay due then. A store without a profile is taken to be always"
    " open, and every bag to take the same time.",
    response_model=StoreProfile,
    responses={201: {"model": StoreProfile}, **responses("unauthenticated", "forbidden", "invalid_request")},
    dependencies=[allow("operator")],
)
async def put(
    location_id: Annotated[LocationId, Path()],
    body: Annotated[StoreBody, Body(openapi_examples=EXAMPLES)],
    doors: PickupDoors,
) -> Response:
    async with doors.database.transaction() as transaction:
        is_new = await put_store(transaction, _profile(location_id, body), doors.clock())
        (kept,) = await stores.profiles(transaction, [location_id])
    return Response(_shown(kept).model_dump_json(), 201 if is_new else 200, media_type="application/json")


@router.get(
    "/{location_id}",
    summary="A store's opening hours and pace",
    description="As it was last put.",
    response_model=StoreProfile,
    responses=responses("unauthenticated", "forbidden", "not_found"),
)
async def get(
    location_id: Annotated[LocationId, Path()],
    doors: PickupDoors,
    asked_by: Annotated[Principal, allow("operator", "storefront", "store-staff")],
) -> StoreProfile:
    asked_by.require_location(location_id)
    async with doors.database.reading() as connection:
        found = await stores.profiles(connection, [location_id])
    if not found:
        raise DomainError("not_found", f"The store {location_id} has no profile.")
    return _shown(found[0])


def _profile(location_id: str, body: StoreBody) -> Profile:
    return Profile(
        location_id=location_id,
        opening_hours={WEEKDAYS.index(day): _hours(openings) for day, openings in body.opening_hours.items()},
        exceptions={day: _hours(openings) for day, openings in body.exceptions.items()},
        pickers=body.pickers,
        seconds_per_order=body.picking.seconds_per_order,
        seconds_per_line=body.picking.seconds_per_line,
        slot_capacity=body.slot_capacity,
    )


def _hours(day: Sequence[Opening]) -> Hours:
    return [(opening.opens, opening.closes) for opening in day]


def _shown(profile: Profile) -> StoreProfile:
    return StoreProfile(
        location_id=profile.location_id,
        time_zone=profile.time_zone or "UTC",
        opening_hours={WEEKDAYS[number]: _openings(hours) for number, hours in sorted(profile.opening_hours.items())},
        exceptions={day: _openings(hours) for day, hours in sorted(profile.exceptions.items())},
        pickers=profile.pickers,
        picking=Picking(seconds_per_order=profile.seconds_per_order, seconds_per_line=profile.seconds_per_line),
        slot_capacity=profile.slot_capacity,
    )


def _openings(hours: Hours) -> list[Opening]:
    return [Opening(opens=opens, closes=closes) for opens, closes in hours]
