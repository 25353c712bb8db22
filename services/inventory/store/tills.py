"""What is known of each till: the highest sequence seen, the missing numbers, when it was last heard of."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from services.inventory.domain.tills import Range, ranges
from shared.database import Connection
from shared.statements import Row, Statement, Writes


class Heard(NamedTuple):
    """What one batch heard of a source; `sequences` may be empty.

    `numbered_events` are the new events that have a number; `clock_sample` is the greatest of the batch, in seconds.
    """

    till: str
    source: str
    location_id: str
    sequences: frozenset[int]
    numbered_events: int
    last_event_at: datetime
    clock_sample: float | None


# Both sides tell what they have not seen below a top: what is missing now is missing to both, up to the higher top.
_HEAR = Statement(
    """
    INSERT INTO tills AS till (till, source, location_id, last_sequence, missing, numbered_events, skew_this_window,
        skew_since, last_seen_at, last_event_at)
    SELECT till, source, location_id, top, int8multirange(int8range(1, top + 1)) - CAST(seen AS int8multirange),
        numbered, sample, :now, :now, at
    FROM unnest(CAST(:tills AS text[]), CAST(:sources AS text[]), CAST(:location_ids AS text[]),
        CAST(:tops AS bigint[]), CAST(:seen AS text[]), CAST(:numbered AS bigint[]),
        CAST(:samples AS double precision[]), CAST(:instants AS timestamptz[]))
        AS heard (till, source, location_id, top, seen, numbered, sample, at)
    ORDER BY source
    ON CONFLICT (till, source) DO UPDATE SET
        location_id = excluded.location_id,
        last_sequence = greatest(till.last_sequence, excluded.last_sequence),
        missing = (till.missing + int8multirange(int8range(till.last_sequence + 1,
                greatest(till.last_sequence, excluded.last_sequence) + 1)))
            - (int8multirange(int8range(1, excluded.last_sequence + 1)) - excluded.missing),
        numbered_events = till.numbered_events + excluded.numbered_events,
        skew_this_window = greatest(till.skew_this_window, excluded.skew_this_window),
        last_seen_at = greatest(till.last_seen_at, excluded.last_seen_at),
        last_event_at = greatest(till.last_event_at, excluded.last_event_at)
    """
)

MISSING_EVENTS = "(SELECT coalesce(sum(upper(part) - lower(part)), 0) FROM unnest(till.missing) AS part)"
"""How many numbers a row of `tills AS till` misses."""
LATER_EPOCHS = """tills AS later WHERE later.till = till.till AND
    (later.last_seen_at, later.last_event_at, later.source) > (till.last_seen_at, till.last_event_at, till.source)"""
"""The epochs of a till that were heard of after a row of `tills AS till`; the current one has none."""

# What is reported is what the watch found at its last look, so that states and events say the same.
_STATED = f"""
    WITH known AS (
        SELECT till.*, {MISSING_EVENTS} AS missing_events, epochs.later = 0 AS is_current,
            greatest(skew_this_window, skew_last_window) AS clock_skew, gap.open_since, gap.is_reported
        FROM tills AS till
        CROSS JOIN LATERAL (SELECT count(*) AS later FROM {LATER_EPOCHS}) AS epochs
        CROSS JOIN LATERAL (
            SELECT min(open_since) AS open_since, coalesce(bool_or(reported_at IS NOT NULL), false) AS is_reported
            FROM till_gaps WHERE NOT isempty(till.missing) AND till_gaps.till = till.till
                AND till_gaps.source = till.source AND till_gaps.missing && till.missing) AS gap
    ), stated AS (
        SELECT known.*, array_remove(ARRAY[
            CASE WHEN is_current AND last_seen_at <= silent_since THEN 'silent' END,
            CASE WHEN is_reported THEN 'gap' END,
            CASE WHEN is_current AND reused_sequences > 0 THEN 'reused' END,
            CASE WHEN NOT is_current THEN 'replaced' END], NULL) AS states
        FROM known
    )"""
_PAGE = Statement(
    f"""
    {_STATED}
    SELECT * FROM stated
    WHERE (CAST(:location_id AS text) IS NULL OR location_id = :location_id)
        AND (CAST(:state AS text) IS NULL OR CAST(:state AS text) = ANY(states)
            OR (CAST(:state AS text) = 'healthy' AND states = '{{}}'))
        AND (CAST(:after_till AS text) IS NULL OR (till, source) > (:after_till, CAST(:after_source AS text)))
    ORDER BY till, source LIMIT :limit
    """
)
_FIGURES = Statement(
    f"""
    {_STATED}
    SELECT count(*) FILTER (WHERE is_current) AS tills,
        count(*) FILTER (WHERE 'silent' = ANY(states)) AS silent,
        count(*) FILTER (WHERE is_reported) AS with_gap,
        coalesce(sum(missing_events), 0) AS missing_events,
        coalesce(extract(epoch FROM max(last_seen_at - last_event_at) FILTER (WHERE is_current)), 0) AS lag_seconds,
        coalesce(max(abs(clock_skew)) FILTER (WHERE is_current), 0) AS clock_skew_seconds
    FROM stated
    """
)


def hear(writes: Writes, heard: Iterable[Heard], now: datetime) -> None:
    tills = list(heard)
    if not tills:
        return
    writes.add(
        _HEAR,
        tills=[till.till for till in tills],
        sources=[till.source for till in tills],
        location_ids=[till.location_id for till in tills],
        tops=[max(till.sequences, default=0) for till in tills],
        seen=["{" + ",".join(f"[{first},{last}]" for first, last in ranges(till.sequences)) + "}" for till in tills],
        numbered=[till.numbered_events for till in tills],
        samples=[till.clock_sample for till in tills],
        instants=[till.last_event_at for till in tills],
        now=now,
    )


async def page(
    connection: Connection, location_id: str | None, state: str | None, after: Sequence[str] | None, limit: int
) -> Sequence[Row]:
    """Sources with their states, by till, the epochs of one together; `after` is the (till, source) of the last row.

    `state` leaves those that are in it; `healthy` are those in none.
    """
    after_till, after_source = after or (None, None)
    return await _PAGE.rows(
        connection,
        location_id=location_id,
        state=state,
        after_till=after_till,
        after_source=after_source,
        limit=limit,
    )


async def figures(connection: Connection) -> Row:
    """All tills in one row of numbers."""
    return (await _FIGURES.rows(connection))[0]


def missing_ranges(missing: Sequence[Any]) -> list[Range]:
    """A multirange, as the driver reads it, with both ends included."""
    return [Range(part.lower, part.upper - 1) for part in missing]
