"""What the watch notes of tills: silences, gaps, reused numbers. Each is answered to one caller once.

Rows that somebody is writing are left for the next look, so the watch never waits for a till, and no till for long.
"""

from collections.abc import Sequence
from datetime import datetime

from services.inventory.store.tills import LATER_EPOCHS, MISSING_EVENTS
from shared.database import Transaction
from shared.statements import Row, Statement

# Whoever holds this lock is the only one that looks; it ends with the transaction.
_LOOK = Statement("SELECT pg_try_advisory_xact_lock(hashtextextended('zaiko tills ' || current_schema(), 0)) AS looks")

_HEARD_AGAIN = Statement(
    """
    WITH due AS (
        SELECT till.till, till.source, till.silent_since, speaking.source AS speaking, speaking.last_seen_at
        FROM tills AS till CROSS JOIN LATERAL (
            SELECT source, last_seen_at FROM tills AS epoch WHERE epoch.till = till.till
            ORDER BY last_seen_at DESC, last_event_at DESC, source DESC LIMIT 1) AS speaking
        WHERE till.silent_since IS NOT NULL AND till.silent_since < speaking.last_seen_at
        ORDER BY till.source LIMIT :limit FOR UPDATE OF till SKIP LOCKED
    )
    UPDATE tills AS till SET silent_since = NULL FROM due WHERE till.till = due.till AND till.source = due.source
    RETURNING till.location_id, till.source, due.silent_since, due.last_seen_at, due.speaking
    """
)
# What does not name its till is watched for gaps alone: a reader that counts once a week is not silent in between.
_FALL_SILENT = Statement(
    f"""
    WITH due AS (
        SELECT till.till, till.source FROM tills AS till
        WHERE till.silent_since IS NULL AND till.last_seen_at < :before AND till.till LIKE '/locations/%/tills/%'
            AND NOT EXISTS (SELECT FROM {LATER_EPOCHS})
        ORDER BY till.source LIMIT :limit FOR UPDATE OF till SKIP LOCKED
    )
    UPDATE tills AS till SET silent_since = till.last_seen_at
    FROM due WHERE till.till = due.till AND till.source = due.source
    RETURNING till.location_id, till.source, till.last_seen_at, till.last_sequence
    """
)
_FIND_GAPS = Statement(
    """
    WITH found AS (
        SELECT till.till, till.source, till.last_seen_at, till.missing - coalesce((
            SELECT range_agg(gap.missing) FROM till_gaps AS gap WHERE gap.till = till.till AND gap.source = till.source
            ), '{}') AS missing
        FROM tills AS till WHERE NOT isempty(till.missing)
    )
    INSERT INTO till_gaps (till, source, first_missing, missing, open_since)
    SELECT till, source, lower(missing), missing, last_seen_at FROM found WHERE NOT isempty(missing)
    ORDER BY source LIMIT :limit
    """
)
_CLOSE_GAPS = Statement(
    """
    WITH due AS (
        SELECT gap.till, gap.source, gap.first_missing, till.location_id
        FROM till_gaps AS gap JOIN tills AS till ON till.till = gap.till AND till.source = gap.source
        WHERE NOT gap.missing && till.missing ORDER BY gap.source, gap.first_missing LIMIT :limit
    )
    DELETE FROM till_gaps AS gap USING due
    WHERE gap.till = due.till AND gap.source = due.source AND gap.first_missing = due.first_missing
    RETURNING due.location_id, gap.source, gap.open_since, gap.missing, gap.reported_at
    """
)
# What has come of it meanwhile is no longer part of the gap.
_REPORT_GAPS = Statement(
    """
    WITH due AS (
        SELECT gap.till, gap.source, gap.first_missing, gap.missing * till.missing AS missing, till.location_id
        FROM till_gaps AS gap JOIN tills AS till ON till.till = gap.till AND till.source = gap.source
        WHERE gap.reported_at IS NULL AND gap.open_since < :before AND gap.missing && till.missing
        ORDER BY gap.source, gap.first_missing LIMIT :limit
    )
    UPDATE till_gaps AS gap SET reported_at = :now, missing = due.missing FROM due
    WHERE gap.till = due.till AND gap.source = due.source AND gap.first_missing = due.first_missing
    RETURNING due.location_id, gap.source, gap.open_since, gap.missing
    """
)
_COUNT_REUSED = Statement(
    f"""
    WITH due AS (
        SELECT till.till, till.source, till.reused_sequences AS before,
            till.numbered_events - (till.last_sequence - {MISSING_EVENTS}) AS reused
        FROM tills AS till
        WHERE till.numbered_events - (till.last_sequence - {MISSING_EVENTS}) > till.reused_sequences
        ORDER BY till.source LIMIT :limit FOR UPDATE OF till SKIP LOCKED
    )
    UPDATE tills AS till SET reused_sequences = due.reused, reused_at = till.last_seen_at
    FROM due WHERE till.till = due.till AND till.source = due.source
    RETURNING CAST(due.reused - due.before AS bigint) AS reused
    """
)
# A till that was not heard of since keeps what is known of its clock.
_TURN_WINDOWS = Statement(
    """
    WITH due AS (
        SELECT till.till, till.source FROM tills AS till
        WHERE till.skew_since < :before AND till.last_seen_at > till.skew_since
            AND greatest(till.skew_this_window, till.skew_last_window) IS NOT NULL
        ORDER BY till.source LIMIT :limit FOR UPDATE OF till SKIP LOCKED
    )
    UPDATE tills AS till SET skew_last_window = till.skew_this_window, skew_this_window = NULL, skew_since = :now
    FROM due WHERE till.till = due.till AND till.source = due.source
    """
)


async def look(transaction: Transaction) -> bool:
    """Whether this transaction is the one that looks; otherwise another does."""
    return bool((await _LOOK.rows(transaction))[0].looks)


async def heard_again(transaction: Transaction, limit: int) -> Sequence[Row]:
    """Sources that were silent and are no longer; `speaking` is the epoch that was heard."""
    return await _HEARD_AGAIN.rows(transaction, limit=limit)


async def fall_silent(transaction: Transaction, before: datetime, limit: int) -> Sequence[Row]:
    """Tills that were last heard of before an instant, and were not known to be silent."""
    return await _FALL_SILENT.rows(transaction, before=before, limit=limit)


async def find_gaps(transaction: Transaction, limit: int) -> int:
    """Note what is missing and in no gap yet, a gap for each source; answers how many gaps that made."""
    return await _FIND_GAPS.run(transaction, limit=limit)


async def close_gaps(transaction: Transaction, limit: int) -> Sequence[Row]:
    """Gaps of which nothing is missing any more, removed; `reported_at` is null for those nobody heard of."""
    return await _CLOSE_GAPS.rows(transaction, limit=limit)


async def report_gaps(transaction: Transaction, before: datetime, now: datetime, limit: int) -> Sequence[Row]:
    """Gaps that are open since before an instant and were not reported yet; they are from now on."""
    return await _REPORT_GAPS.rows(transaction, before=before, now=now, limit=limit)


async def count_reused(transaction: Transaction, limit: int) -> Sequence[Row]:
    """Note how many new events came with a used number; answers `reused`, the growth of each source."""
    return await _COUNT_REUSED.rows(transaction, limit=limit)


async def turn_windows(transaction: Transaction, before: datetime, now: datetime, limit: int) -> int:
    """Begin a new window for the clocks whose window began before an instant; answers how many."""
    return await _TURN_WINDOWS.run(transaction, before=before, now=now, limit=limit)
