"""`python -m services.inventory`: serve, or migrate."""

from services.inventory import migrations
from services.inventory.app import create_app
from services.inventory.settings import SCHEMA, Settings
from shared.serving import command_line

if __name__ == "__main__":
    command_line(SCHEMA, migrations, Settings, create_app)()
