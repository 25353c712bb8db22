"""Alembic's environment for pickup."""

from services.pickup.store.tables import METADATA
from shared.migration import run_environment

run_environment(METADATA)
