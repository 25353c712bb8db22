"""All services in one process: what they have in common there."""

import asyncpg
from starlette.routing import Mount

from services.installation import Installation
from services.together import create_app
from tests.conditions import eventually_async

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
        services = [mounted.app.state.doors for mounted in app.routes if isinstance(mounted, Mount)]
        assert len(services) == 3
        assert len({id(doors.database.notifications) for doors in services}) == 1

        async def is_heard() -> bool:
            return bool(await connection.fetchval(SESSIONS) == 1)

        await eventually_async(is_heard)
    await connection.close()
