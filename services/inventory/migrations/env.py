"""Alembic's environment for inventory."""

from services.inventory.store.tables import METADATA
from shared.migration import run_environment

run_environment(METADATA)
