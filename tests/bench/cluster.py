"""The bench's PostgreSQL server: a database migrated once, from which every site is cloned, and verified at the end."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import asyncpg
from sqlalchemy.engine import make_url

from services.installation import BusName
from tests.bench.site import SCHEMAS, Site

MIGRATED = "bench_migrated"
MIGRATE_LIMIT_S = 120.0
VERIFY_LIMIT_S = 300.0


@dataclass
class Cluster:
    """`database_url` is the embedded server's own database, `directory` a place for logs."""

    database_url: str
    directory: Path
    bus: BusName
    brokers: str
    has_floor_of_year: bool = False
    """Whether figure 9's floor is measured as well: a minute more."""
    cores: int = field(default_factory=lambda: os.cpu_count() or 1)
    loaded: list[Site] = field(default_factory=list)
    """The sites that were under load, in the order in which they were made."""
    _prefix: str = field(default_factory=lambda: f"bench-{uuid4().hex[:8]}-")

    def log(self, name: str) -> Path:
        """A file for what a process of that name says."""
        return self.directory / f"{name}.log"

    async def prepare(self) -> None:
        """The database that all others are copies of, with the schemas of the three services."""
        await self._execute(f"CREATE DATABASE {MIGRATED}")
        site = self._site("migrated", MIGRATED)
        for service in SCHEMAS:
            await asyncio.to_thread(_run, ["-m", f"services.{service}", "migrate"], site, MIGRATE_LIMIT_S)

    async def site(self, name: str, *, like: Site | None = None) -> Site:
        """A new site to load, as empty as the migrated one or filled like another that nobody is connected to."""
        site = await self.template(name, like=like)
        self.loaded.append(site)
        return site

    async def template(self, name: str, *, like: Site | None = None) -> Site:
        """A new site that is only filled and cloned."""
        site = self._site(name, f"bench_{name}")
        source = MIGRATED if like is None else f"bench_{like.name}"
        await self._execute(f"CREATE DATABASE bench_{name} TEMPLATE {source}")
        return site

    def verify(self) -> dict[str, str]:
        """`zaiko verify` on every loaded site, as many at once as there are cores; what was said of those that fail."""
        with ThreadPoolExecutor(self.cores) as pool:
            said = list(pool.map(self._violations, self.loaded))
        return {site.name: violations for site, violations in zip(self.loaded, said, strict=True) if violations}

    def _violations(self, site: Site) -> str:
        kafka = ["--bus", "kafka", "--kafka-bootstrap", self.brokers] if self.bus == "kafka" else []
        arguments = ["-m", "services", "verify", "--database-url", site.database_url, *kafka]
        try:
            _run(arguments, site, VERIFY_LIMIT_S)
        except RuntimeError as error:
            return str(error)
        return ""

    def _site(self, name: str, database: str) -> Site:
        url = make_url(self.database_url).set(database=database).render_as_string(hide_password=False)
        return Site(name, url, self.bus, self.brokers, f"{self._prefix}{name}-" if self.bus == "kafka" else "")

    async def _execute(self, statement: str) -> None:
        connection = await asyncpg.connect(self.database_url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


def _run(arguments: Sequence[str], site: Site, limit_s: float) -> None:
    """Run a command of the product to its end. RuntimeError with what it said where it fails or takes too long."""
    command = [sys.executable, *arguments]
    try:
        done = subprocess.run(
            command, env=dict(site.environment), capture_output=True, text=True, timeout=limit_s, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise RuntimeError(f"{' '.join(arguments)} took more than {limit_s:.0f} s") from error
    if done.returncode:
        raise RuntimeError(f"{' '.join(arguments)}:\n{done.stdout}{done.stderr}")
