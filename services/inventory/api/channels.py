"""HTTP door: channels."""

from collections.abc import Iterable, Sequence
from typing import Annotated, Self

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, Field, model_validator

from services.inventory.api.doors import Inventory
from services.inventory.domain.channels import Channel as Known
from services.inventory.domain.channels import Limit as Limited
from services.inventory.store import channels as store
from services.inventory.usecases.channels import Opening, PutChannel, open_channels, put_channel
from shared.clock import Clock
from shared.contracts.channels import LIMITS_LIMIT, ChannelLimit
from shared.contracts.values import Channel, Instant, Text, Wire
from shared.database import Connection, Transaction
from shared.errors import DomainError, InvalidRequest
from shared.http.auth import Key, allow
from shared.http.door import Decide, Outcome, answer
from shared.http.idempotency import KEYED
from shared.http.paging import DEFAULT_LIMIT, Cursor, Limit, Page, decode, page
from shared.http.problems import responses

router = APIRouter(prefix="/v1/channels", tags=["channels"])

ChannelName = Annotated[Channel, Path()]


class LimitBody(ChannelLimit, extra="forbid"):
    """What a channel may not see, or not sell. Of several that fit, the most specific one counts.

    With `sku` is more specific than without, then with `location_group`; of equals the first in the list counts.
    Buffer, share and cap are looked up each by itself.
    """


class ChannelBody(Wire):
    """Where demand comes from, how long it holds stock, and how much of the stock it may see and sell."""

    name: Text = Field(description="As people call it", examples=["Food delivery app"])
    open: bool | None = Field(
        None, description="Whether it may promise anything; without it as it is, and a new channel is open"
    )
    hold_seconds: Annotated[int, Field(strict=True, ge=1)] | None = Field(
        None,
        description="How long its reservations are held that ask for no time of their own; without it as all others",
        examples=[600],
    )
    limits: Annotated[list[LimitBody], Field(max_length=LIMITS_LIMIT)] = Field(
        default_factory=list,
        description="What it does not see. A cap goes on counting as long as a limit for the same group and item has"
        " one, whatever its number",
    )

    @model_validator(mode="after")
    def _each_group_and_item_once(self) -> Self:
        if len({(limit.location_group, limit.sku) for limit in self.limits}) < len(self.limits):
            raise ValueError("limits: each location_group and sku may stand in one limit only")
        return self


class LimitShown(ChannelLimit):
    cap_since: Instant | None = Field(None, description="When the cap was set")
    promised: int | None = Field(
        None, description="Units promised under the cap since then and not given back, over all its items", examples=[3]
    )


class ChannelShown(BaseModel):
    channel: Channel
    name: str
    open: bool
    hold_seconds: int | None
    limits: list[LimitShown]
    as_of: Instant


_ERRORS = ("unauthenticated", "forbidden")


@router.put(
    "/{channel}",
    summary="Create or change a channel",
    description="Puts the whole channel: it is live with the answer. 201 where it is new. A channel that was never put"
    " has no limits.",
    response_model=ChannelShown,
    response_model_exclude_none=True,
    responses={201: {"model": ChannelShown}, **responses(*_ERRORS, "invalid_request")},
    dependencies=[allow("operator")],
)
async def put(channel: ChannelName, body: ChannelBody, doors: Inventory) -> Response:
    longest = doors.settings.hold_limit_seconds
    if body.hold_seconds is not None and body.hold_seconds > longest:
        raise InvalidRequest("/hold_seconds", f"at most {longest} seconds")
    limits = [Limited(**limit.model_dump()) for limit in body.limits]
    wanted = PutChannel(channel, body.name, body.open, body.hold_seconds, limits)
    async with doors.database.transaction() as transaction:
        stored, is_new = await put_channel(transaction, wanted, doors.clock())
        (shown,) = await _shown(doors.clock, transaction, [stored])
    return Response(shown.model_dump_json(exclude_none=True), 201 if is_new else 200, media_type="application/json")


@router.get(
    "/{channel}",
    summary="One channel",
    description="As it was last put, with what it has promised under its caps.",
    response_model=ChannelShown,
    response_model_exclude_none=True,
    responses=responses("unauthenticated", "forbidden", "not_found"),
    dependencies=[allow("operator", "storefront")],
)
async def get(channel: ChannelName, doors: Inventory) -> ChannelShown:
    async with doors.database.reading() as connection:
        found = await store.get(connection, [channel])
        if not found:
            raise DomainError("not_found", f"There is no channel {channel}.")
        (shown,) = await _shown(doors.clock, connection, found.values())
    return shown


@router.get(
    "",
    summary="All channels",
    description="By name, with what they have promised under their caps.",
    response_model=Page[ChannelShown],
    response_model_exclude_none=True,
    responses=responses("unauthenticated", "forbidden", "invalid_request"),
    dependencies=[allow("operator", "storefront")],
)
async def list_(doors: Inventory, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None) -> Page[ChannelShown]:
    after = decode(cursor, 1)
    async with doors.database.reading() as connection:
        rows = await store.page(connection, after[0] if after else None, limit + 1)
        found, next_cursor = page(rows, limit, lambda row: [row.channel])
        return Page(items=await _shown(doors.clock, connection, found), next_cursor=next_cursor)


_OPENING = responses(*_ERRORS, "not_found", "request_in_flight", "idempotency_key_reused", "overloaded")


@router.post(
    "/{channel}/close",
    summary="Close a channel",
    description="From now on it sees nothing and is promised nothing: 409 `channel_closed`. What it was promised"
    " stands. Closing twice changes nothing.",
    response_model=ChannelShown,
    response_model_exclude_none=True,
    responses=_OPENING,
    dependencies=[allow("operator")],
    openapi_extra=KEYED,
)
async def close(channel: ChannelName, doors: Inventory, key: Key) -> Response:
    return await doors.open_channel(Opening(channel, open=False), key)


@router.post(
    "/{channel}/open",
    summary="Open a channel",
    description="It may promise again, within its limits. Opening twice changes nothing.",
    response_model=ChannelShown,
    response_model_exclude_none=True,
    responses=_OPENING,
    dependencies=[allow("operator")],
    openapi_extra=KEYED,
)
async def open_(channel: ChannelName, doors: Inventory, key: Key) -> Response:
    return await doors.open_channel(Opening(channel, open=True), key)


def opening(clock: Clock) -> Decide[Opening]:
    async def decide(transaction: Transaction, commands: Sequence[Opening]) -> list[Outcome]:
        outcomes = await open_channels(transaction, commands, clock())
        shown = iter(await _shown(clock, transaction, [outcome for outcome in outcomes if isinstance(outcome, Known)]))
        return [outcome if isinstance(outcome, DomainError) else answer(next(shown)) for outcome in outcomes]

    return decide


async def _shown(clock: Clock, connection: Connection, channels: Iterable[Known]) -> list[ChannelShown]:
    """Channels with what they have promised under their caps by now."""
    held = list(channels)
    cap_ids = [limit.cap_id for channel in held for limit in channel.limits if limit.cap_id is not None]
    promised = await store.promised_in_all(connection, cap_ids) if cap_ids else {}
    return [
        ChannelShown(
            channel=channel.channel,
            name=channel.name,
            open=channel.open,
            hold_seconds=channel.hold_seconds,
            limits=[_limit(limit, promised.get(limit.cap_id, 0) if limit.cap_id else None) for limit in channel.limits],
            as_of=clock(),
        )
        for channel in held
    ]


def _limit(limit: Limited, promised: int | None) -> LimitShown:
    members = {name: getattr(limit, name) for name in LimitShown.model_fields if name != "promised"}
    return LimitShown(**members, promised=promised)
