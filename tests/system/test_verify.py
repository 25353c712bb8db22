"""`zaiko verify`: beside a running installation, on a stopped one, and on one that was tampered with."""

from pathlib import Path

import asyncpg

from shared.embedded import url_of_running
from tests.system.installation import Installation, zaiko

INVARIANTS = 7


def test_a_running_and_a_stopped_installation_are_found_in_order(installation: Installation) -> None:
    for _ in range(2):
        said = installation.verify()
        assert said.returncode == 0, said.stdout
        assert [line.split()[:2] for line in said.stdout.splitlines()] == [
            [str(number), "✓"] for number in range(1, INVARIANTS + 1)
        ]
        if installation.process.poll() is None:
            assert installation.stop() == 0
    assert installation.processes() == [], "verify left its database server behind"


async def test_a_level_that_its_ledger_does_not_explain_is_named(installation: Installation) -> None:
    connection = await asyncpg.connect(url_of_running(installation.data_dir))
    await connection.execute(
        "INSERT INTO inventory.levels (sku, location_id, on_hand, reserved) VALUES ('ghost', 'S1', 5, 0)"
    )
    await connection.close()
    said = installation.verify()
    assert said.returncode == 1
    lines = said.stdout.splitlines()
    assert [line[:3] for line in lines if line.startswith("2")] == ["2 ✗"]
    assert any("ghost" in line for line in lines)


async def test_an_order_that_nobody_placed_is_named(installation: Installation) -> None:
    connection = await asyncpg.connect(url_of_running(installation.data_dir))
    await connection.execute(
        """
        INSERT INTO inventory.reservations
            (reservation_id, reference, channel, state, order_id, created_at, updated_at)
        VALUES (gen_random_uuid(), 'stray', 'web', 'confirmed', 'stray', now(), now())
        """
    )
    await connection.close()
    said = installation.verify()
    assert said.returncode == 1
    assert "7 ✗" in said.stdout
    assert "stray" in said.stdout


def test_a_directory_without_an_installation_is_told(tmp_path: Path) -> None:
    said = zaiko("verify", "--data-dir", str(tmp_path))
    assert said.returncode == 1
    assert said.stderr.startswith("zaiko: there is no installation in")
    assert list(tmp_path.iterdir()) == []
