"""All services in one process: what they have in common there."""

import asyncpg

from services.installation import Installation
from services.together import create_app

SESSIONS = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'zaiko notifications'
"""


async def test_the_services_of_a_process_hear_through_one_session_because_each_is_woken_by_everything(
    database_url: str,
) -> None:
    installation = Installation(
        database_url=database_url,
        token_secret="a secret that is only good for tests",
        base_url="http://zaiko",
        token_command="zaiko token",
        bus="postgres",
        kafka_bootstrap_servers="none:9092",
    )
    app = create_app(installation)
    connection = await asyncpg.connect(database_url)
    async with app.router.lifespan_context(app):
        assert await connection.fetchval(SESSIONS) == 1
    await connection.close()
