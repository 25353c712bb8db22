"""The README's first sale, run as it is written."""

import json
import os
import re
import subprocess
from pathlib import Path

import httpx

from tests.system.installation import ZAIKO, Installation

README = (Path(__file__).resolve().parent.parent.parent / "README.md").read_text()


def commands(heading: str) -> str:
    """The shell commands under a heading."""
    section = README.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return "\n".join(re.findall(r"```sh\n(.*?)```", section, re.DOTALL))


def test_a_first_sale_goes_as_the_readme_says(shared_installation: Installation) -> None:
    here = shared_installation
    token = f"{' '.join(ZAIKO)} token --data-dir {here.data_dir}"
    script = commands("A first sale").replace(".venv/bin/zaiko token", token)
    script = script.replace("http://127.0.0.1:8000", here.url)
    done = subprocess.run(["bash", "-euc", script], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    _, item, movements, events, availability, reservation, ledger = answers
    assert item["gtin"] == "4901234567894"
    assert movements == {"applied": 1, "duplicates": 0}
    assert events["accepted"] == 1
    assert availability["items"][0]["available"] == 11
    assert reservation["state"] == "held"
    assert [entry["kind"] for entry in ledger["items"]] == ["sale", "receipt"]


def test_the_till_sells_as_the_readme_says(shared_installation: Installation, tmp_path: Path) -> None:
    here = shared_installation
    shop = {"name": "Ginza", "kind": "store", "ships": True, "offers_pickup": True}
    headers = {"Authorization": f"Bearer {here.token('operator')}"}
    httpx.put(f"{here.url}/inventory/v1/locations/S367", json=shop, headers=headers).raise_for_status()
    script = commands("A till").replace(".venv/bin/zaiko token", f"{' '.join(ZAIKO)} token --data-dir {here.data_dir}")
    script = script.replace(".venv/bin/zaiko", " ".join(ZAIKO))
    environment = {**os.environ, "ZAIKO_URL": here.url, "PYTHONPATH": str(Path.cwd())}
    done = subprocess.run(["bash", "-euc", script], capture_output=True, text=True, cwd=tmp_path, env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search("^sold 2-[0-9a-f]{8}-1$", done.stdout, re.MULTILINE)
    assert "0 not sent yet, 0 rejected" in done.stdout


def test_the_start_is_two_commands() -> None:
    lines = [line for line in commands("Start").splitlines() if line.strip()]
    assert [line.split("#")[0].strip() for line in lines] == ["make demo", ".venv/bin/zaiko up"]
