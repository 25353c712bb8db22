"""`python -m services.pickup`: serve, or migrate."""

from services.pickup import migrations
from services.pickup.app import create_app
from services.pickup.settings import SCHEMA, Settings
from shared.serving import command_line

if __name__ == "__main__":
    command_line(SCHEMA, migrations, Settings, create_app)()
