"""The database of an installation that may be running or not."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from services.faults import CannotGoOn
from shared.embedded import DataDirectoryInUse, embedded_postgres, url_of_running


@contextmanager
def database_in(data_dir: Path) -> Iterator[tuple[str, bool]]:
    """The URL, and whether a living `zaiko up` owns it; where none does, its server runs while the context is open.

    Raises CannotGoOn, or NoServer.
    """
    if not (data_dir / "postgres" / "PG_VERSION").exists():
        raise CannotGoOn(f"there is no installation in {data_dir}; `zaiko up` makes one")
    with ExitStack() as stack:
        try:
            url, is_running = stack.enter_context(embedded_postgres(data_dir)), False
        except DataDirectoryInUse:
            url, is_running = url_of_running(data_dir), True
        yield url, is_running
