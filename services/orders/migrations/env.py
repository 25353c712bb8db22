"""Alembic's environment for orders."""

from services.orders.store.tables import METADATA
from shared.migration import run_environment

run_environment(METADATA)
