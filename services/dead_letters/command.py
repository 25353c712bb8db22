"""`zaiko dead-letters list|show|retry|drop`."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from services.faults import CannotGoOn
from services.options import DEFAULT_DATA_DIR, DatabaseUrl, DataDir, one_line_errors

if TYPE_CHECKING:
    from services.dead_letters.queues import Place, Queues

AnswerT = TypeVar("AnswerT")
SHOWN = 50
"""Letters in a list, unless --limit says otherwise."""

dead_letters = typer.Typer(
    name="dead-letters",
    no_args_is_help=True,
    help="See what could not take effect, put it right, or let it go.\n\n"
    "An event that can never take effect (unknown type, invalid data, a place that does not exist), or that broke the"
    " code, is put aside with its reason, and the events around it count. list finds it, show tells all of it; remove"
    " the cause, then retry publishes it again. Works beside a running installation and on one that is stopped.",
)

Service = Annotated[
    str | None, typer.Option(help="Only letters of this service: inventory, orders or pickup. [default: all]")
]
Topic = Annotated[str | None, typer.Option(help="Only events that came on this topic, like zaiko.tills.")]
Code = Annotated[str | None, typer.Option(help="Only letters with this reason, like unknown_location.")]
Ids = Annotated[list[str] | None, typer.Argument(metavar="ID", help="As `list` shows them, like inventory/42.")]
All = Annotated[bool, typer.Option("--all", help="All letters, or all that --service, --topic and --code leave.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@dead_letters.command("list")
def list_letters(
    service: Service = None,
    topic: Topic = None,
    code: Code = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most so many.")] = SHOWN,
    as_json: Annotated[bool, typer.Option("--json", help="For programs: one JSON object a line.")] = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    database_url: DatabaseUrl = None,
) -> None:
    """List the dead letters, the newest first."""
    from services.dead_letters.display import print_lines, show_list
    from shared.dead_letter_queue import Matching

    matching = Matching(topic, code)
    found, total = _ask(lambda queues: queues.newest(matching, limit), service, data_dir, database_url)
    if as_json:
        print_lines(found)
    else:
        show_list(found, total)


@dead_letters.command()
def show(
    letter: Annotated[str, typer.Argument(metavar="ID", help="As `list` shows it, like inventory/42.")],
    data_dir: DataDir = DEFAULT_DATA_DIR,
    database_url: DatabaseUrl = None,
) -> None:
    """Show all of one dead letter: the reason, the headers, the data."""
    from services.dead_letters.display import show_whole

    place = _place(letter)
    show_whole(_ask(lambda queues: queues.get(place), None, data_dir, database_url))


@dead_letters.command()
def retry(
    letters: Ids = None,
    everything: All = False,
    service: Service = None,
    topic: Topic = None,
    code: Code = None,
    yes: Yes = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    database_url: DatabaseUrl = None,
) -> None:
    """Publish events again, as they came, on the topic that they came on; first remove what was in their way.

    The letter goes and the event goes out with one commit: a running installation has it within about a second, on one
    that is stopped it waits. Repeats of the event go with it. An event that fails again is a new dead letter.
    """
    places = _chosen(letters, everything, service, topic, code, data_dir, database_url)
    _confirm(f"Publish {_letters(places)} again?", everything and not yes and bool(places))
    published, gone = _ask(lambda queues: queues.retry(places), None, data_dir, database_url)
    _report(f"published {published:,} again", gone, everything)


@dead_letters.command()
def drop(
    letters: Ids = None,
    everything: All = False,
    service: Service = None,
    topic: Topic = None,
    code: Code = None,
    yes: Yes = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    database_url: DatabaseUrl = None,
) -> None:
    """Delete dead letters for good: what they tell has then never happened here."""
    places = _chosen(letters, everything, service, topic, code, data_dir, database_url)
    _confirm(f"Delete {_letters(places)} for good?", not yes and bool(places))
    dropped, gone = _ask(lambda queues: queues.drop(places), None, data_dir, database_url)
    _report(f"dropped {dropped:,}", gone, everything)


def _ask(
    question: Callable[["Queues"], Awaitable[AnswerT]], service: str | None, data_dir: Path, database_url: str | None
) -> AnswerT:
    """Put the question to the queues of the installation."""
    from services.databases import database_in
    from services.dead_letters.queues import SERVICES, opened

    chosen = [name for name in SERVICES if service in (None, name)]
    if not chosen:
        raise typer.BadParameter(f"one of {', '.join(SERVICES)} is expected", param_hint="--service")

    async def ask(url: str) -> AnswerT:
        async with opened(url, chosen) as queues:
            return await question(queues)

    with one_line_errors(), nullcontext((database_url, True)) if database_url else database_in(data_dir) as (url, _):
        return asyncio.run(ask(str(url)))


def _chosen(
    letters: Sequence[str] | None,
    everything: bool,
    service: str | None,
    topic: str | None,
    code: str | None,
    data_dir: Path,
    database_url: str | None,
) -> list["Place"]:
    """The letters that are named, or all that match."""
    from shared.dead_letter_queue import Matching

    if bool(letters) == everything:
        raise typer.BadParameter("name letters, like inventory/42, or say --all", param_hint="ID")
    if not everything:
        if service or topic or code:
            raise typer.BadParameter("--service, --topic and --code go with --all", param_hint="ID")
        return [_place(letter) for letter in letters or ()]
    return _ask(lambda queues: queues.places(Matching(topic, code)), service, data_dir, database_url)


def _place(letter: str) -> "Place":
    from services.dead_letters.queues import SERVICES, Place

    service, _, number = letter.partition("/")
    for name in SERVICES:
        if name == service and number.isascii() and number.isdigit() and len(number) <= 18:
            return Place(name, int(number))
    raise typer.BadParameter(f"{letter} is no id of a dead letter; they look like inventory/42", param_hint="ID")


def _letters(places: Sequence["Place"]) -> str:
    return "1 dead letter" if len(places) == 1 else f"{len(places):,} dead letters"


def _confirm(question: str, is_asked: bool) -> None:
    if is_asked:
        typer.confirm(question, abort=True)


def _report(done: str, gone: Sequence["Place"], everything: bool) -> None:
    """What was done; that a letter which was named is not there is an error."""
    print(done)
    if gone and not everything:
        with one_line_errors():
            raise CannotGoOn(f"not there: {', '.join(map(str, gone))}; retried or dropped already, or never was")
