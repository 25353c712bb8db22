"""Webhooks: where they may go, when they are tried again, when a receiver is given up."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.pickup.domain.deliveries import (
    ATTEMPTS_LIMIT,
    DELAYS,
    JITTER,
    RETRY_AFTER_LIMIT,
    Outcome,
    Reply,
    judge,
)
from services.pickup.domain.receivers import Network, fault_of
from services.pickup.domain.signatures import signatures
from services.pickup.domain.webhooks import BY_ITS_OWNER, Webhook, learn, put, rotate, signing

NOW = datetime(2026, 3, 29, 1, tzinfo=UTC)
WEBHOOK = Webhook("mails", "https://mails.example.com/", ["zaiko.pickup.ready.v1"], "new", NOW, NOW)
DOWN = Reply(None, "no answer")
REPLIES = st.builds(
    Reply,
    status=st.none() | st.integers(100, 599),
    error=st.none(),
    retry_after=st.none() | st.timedeltas(timedelta(), timedelta(days=400)),
)


@pytest.mark.parametrize(
    ("url", "nearest"),
    [
        ("https://mails.example.com/zaiko?shop=1", "public"),
        ("https://mails.example.com:8443/", "public"),
        ("https://93.184.215.14/", "public"),
        ("https://[2606:4700::1111]/", "public"),
        ("https://10.1.2.3/", "private"),
        ("https://192.168.0.7:444/", "private"),
        ("https://100.64.0.1/", "private"),
        ("https://[fd00::1]/", "private"),
        ("https://127.0.0.1/", "loopback"),
        ("https://[::1]/", "loopback"),
        ("https://[::ffff:127.0.0.1]/", "loopback"),
        ("http://127.0.0.1:9000/told", "loopback"),
        ("http://localhost:9000/told", "loopback"),
        ("http://mails.example.com/", None),
        ("http://10.1.2.3/", None),
        ("https://169.254.169.254/latest/meta-data", None),
        ("https://[::ffff:169.254.169.254]/", None),
        ("https://[fe80::1]/", None),
        ("https://0.0.0.0/", None),
        ("https://224.0.0.1/", None),
        ("https://user:word@mails.example.com/", None),
        ("https://mails.example.com/#here", None),
        ("https:///told", None),
        ("https://mails.example.com:port/", None),
        ("https://mails.example.com/a b", None),
        ("https://mails.example.com/\r\nhost: other", None),
        ("https://mäils.example.com/", None),
        ("ftp://mails.example.com/", None),
        ("told", None),
        ("https://" + "a" * 2_000, None),
    ],
)
def test_a_receiver_is_as_near_as_the_installation_allows(url: str, nearest: Network | None) -> None:
    networks: tuple[Network, ...] = ("public", "private", "loopback")
    allowed = [network for network in networks if fault_of(url, network) is None]
    assert allowed == ([] if nearest is None else list(networks[networks.index(nearest) :]))


@given(st.integers(1, ATTEMPTS_LIMIT), REPLIES, st.floats(0, 1))
def test_a_delivery_ends_by_a_2xx_a_410_or_its_last_attempt_and_else_waits_its_time(
    attempts: int, reply: Reply, chance: float
) -> None:
    outcome = judge(attempts, reply, NOW, chance)
    if reply.is_success:
        assert outcome == Outcome("delivered")
    elif reply.status == 410 or attempts == ATTEMPTS_LIMIT:
        assert outcome == Outcome("failed")
    else:
        assert outcome.state == "pending"
        assert outcome.next_attempt_at is not None
        waits = outcome.next_attempt_at - NOW
        asked = min(reply.retry_after or timedelta(), RETRY_AFTER_LIMIT)
        assert max(DELAYS[attempts - 1], asked) <= waits <= max(DELAYS[attempts - 1] * (1 + JITTER), asked)
        is_overloaded = reply.status in (429, 502, 503, 504)
        assert outcome.paused_until == (outcome.next_attempt_at if is_overloaded else None)


def test_each_delay_is_longer_than_the_one_before_whatever_chance_says() -> None:
    assert all(shorter * (1 + JITTER) < longer for shorter, longer in pairwise(DELAYS[:3]))
    assert sum(DELAYS, timedelta()) > timedelta(days=3)


def test_a_receiver_that_takes_nothing_for_days_is_given_up_with_the_first_delivery_that_is() -> None:
    webhook, now = WEBHOOK, NOW
    for attempts in range(1, ATTEMPTS_LIMIT + 1):
        outcome = judge(attempts, DOWN, now, 0)
        webhook = learn(webhook, DOWN, outcome, now)
        assert webhook.is_enabled == (attempts < ATTEMPTS_LIMIT)
        now = outcome.next_attempt_at or now
    assert (webhook.failing_since, webhook.disabled_at) == (NOW, now)
    assert webhook.disabled_reason == "it has taken nothing for 3 days"


@given(st.timedeltas(timedelta(), timedelta(days=3) - timedelta(microseconds=1)))
def test_one_delivery_that_is_never_taken_costs_no_receiver_that_takes_others(since_the_last: timedelta) -> None:
    taken = learn(WEBHOOK, DOWN, judge(1, DOWN, NOW, 0), NOW)
    taken = learn(taken, Reply(200), Outcome("delivered"), NOW)
    assert taken == WEBHOOK
    failing = learn(taken, DOWN, judge(1, DOWN, NOW, 0), NOW)
    later = NOW + since_the_last
    assert learn(failing, DOWN, Outcome("failed"), later).is_enabled


def test_one_that_is_gone_is_disabled_at_once_and_begins_anew_when_it_is_enabled() -> None:
    reply = Reply(410)
    gone = learn(WEBHOOK, reply, judge(1, reply, NOW, 0), NOW)
    assert (gone.is_enabled, gone.disabled_reason) == (False, "it answered 410 Gone")
    later = NOW + timedelta(days=9)
    again = put(gone, gone.url, gone.event_types, True, later)
    assert (again.is_enabled, again.enabled_at, again.failing_since, again.disabled_reason) == (True, later, None, None)
    off = put(again, again.url, again.event_types, False, later)
    assert (off.is_enabled, off.disabled_reason) == (False, BY_ITS_OWNER)
    assert put(off, off.url, off.event_types, False, later + timedelta(days=1)) == off


@given(st.timedeltas(timedelta(hours=1), timedelta(days=7)), st.timedeltas(timedelta(), timedelta(days=9)))
def test_both_secrets_sign_for_as_long_as_was_asked(overlap: timedelta, later: timedelta) -> None:
    rotated = rotate(WEBHOOK, "newer", overlap, NOW)
    found = signing(rotated.secret, rotated.previous_secret, rotated.previous_secret_until, NOW + later)
    assert found == (["newer", "new"] if later < overlap else ["newer"])


def test_without_overlap_the_old_secret_is_forgotten_at_once() -> None:
    rotated = rotate(WEBHOOK, "newer", timedelta(), NOW)
    assert (rotated.secret, rotated.previous_secret, rotated.previous_secret_until) == ("newer", None, None)


def test_a_name_that_would_end_early_for_the_receiver_is_not_signed() -> None:
    with pytest.raises(ValueError, match="full stop"):
        signatures(["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"], "message.1", 1, b"{}")
