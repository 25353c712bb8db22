"""`python -m services.orders`: serve, or migrate."""

from services.orders import migrations
from services.orders.app import create_app
from services.orders.settings import SCHEMA, Settings
from shared.serving import command_line

if __name__ == "__main__":
    command_line(SCHEMA, migrations, Settings, create_app)()
