"""Installations that end with their test, whatever it did to them."""

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.system.installation import Installation


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    """One that is up, on a data directory of its own."""
    here = Installation(tmp_path / "zaiko")
    here.start()
    yield here
    end(here)


@pytest.fixture(scope="module")
def shared_installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """One for all tests of a module, each with names of its own."""
    here = Installation(tmp_path_factory.mktemp("installation") / "zaiko")
    here.start()
    yield here
    end(here)


def end(installation: Installation) -> None:
    """Stop it; what is left of it after that, for it may have been killed, is killed."""
    if installation.process.poll() is None:
        installation.stop()
    for pid in installation.processes():
        if psutil.pid_exists(pid):
            psutil.Process(pid).kill()
