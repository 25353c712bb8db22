"""The summary of a replay, for a person."""

from rich.console import Console
from rich.table import Table

from services.replay.player import Played

REASONS = {
    "zero_quantity": "named: the log says quantity 0",
    "order_rejected": "named: order refused, not enough stock",
}


def show(played: Played, console: Console) -> None:
    """Print the table: every line of the log is in one of its rows."""
    tally = played.tally
    table = Table(title="The week, played", show_header=False, title_justify="left", min_width=64)
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    _add_lines(table, played)
    table.add_section()
    table.add_row("till receipts", f"{tally.receipts.total():,}")
    for outcome, count in sorted(tally.receipts.items()):
        table.add_row(f"  {outcome}", f"{count:,}")
    table.add_row("online orders", f"{tally.orders.total():,}")
    for outcome, count in sorted(tally.orders.items()):
        table.add_row(f"  {outcome}", f"{count:,}")
    table.add_row("pickups worked", f"{tally.pickups.total():,}")
    for outcome, count in sorted(tally.pickups.items()):
        table.add_row(f"  {outcome}", f"{count:,}")
    if tally.kept_share is not None:
        table.add_row("  ready when it was said, within the picking time", f"{tally.kept_share:.1%}")
        late = sorted(bag.seconds for bag in tally.lateness)
        table.add_row("    later than said, median", f"{late[len(late) // 2]:.1f} s")
        table.add_row("    a clerk's minute", f"{played.pace.minute_s:.1f} s")
    table.add_row("parcels shipped", f"{tally.parcels:,}")
    table.add_row("promises oversold by tills, seen on the stream", f"{played.lag.oversold:,}")
    table.add_section()
    _add_speed(table, played)
    console.print(table)


def _add_lines(table: Table, played: Played) -> None:
    tally = played.tally
    table.add_row("lines read", f"{tally.lines_read:,}")
    table.add_row("  sold at tills", f"{tally.lines['sold']:,}")
    table.add_row("  ordered online", f"{tally.lines['ordered']:,}")
    for reason, count in sorted(tally.reasons.items()):
        table.add_row(f"  {REASONS.get(reason, f'named: {reason}')}", f"{count:,}")
    mark = "[green]=[/green]" if tally.is_complete else "[red]≠[/red]"
    table.add_row(f"accounted for {mark} read", f"{tally.accounted:,}")


def _add_speed(table: Table, played: Played) -> None:
    tally, lag = played.tally, played.lag
    table.add_row("stores, played side by side", f"{played.stores:,}")
    table.add_row("opening stock, lines", f"{tally.opening_lines:,}")
    table.add_row("time to play", f"{tally.seconds:.1f} s")
    table.add_row("lines per second", f"{tally.lines_read / tally.seconds:,.0f}" if tally.seconds else "-")
    percentiles = lag.percentiles_ms()
    if percentiles is not None:
        table.add_row("sync lag, median", f"{percentiles[0]:.0f} ms")
        table.add_row("sync lag, 99th percentile", f"{percentiles[1]:.0f} ms")
    table.add_row("  samples", f"{len(lag.lags_s):,}")
    if lag.unseen:
        table.add_row("  [red]sent but never seen[/red]", f"{lag.unseen:,}")
    table.add_row("final stock, fingerprint", played.fingerprint)
