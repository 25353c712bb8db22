"""The README's first sale, run as it is written."""

import json
import re
import subprocess
from pathlib import Path

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


def test_the_start_is_two_commands() -> None:
    lines = [line for line in commands("Start").splitlines() if line.strip()]
    assert [line.split("#")[0].strip() for line in lines] == ["make demo", ".venv/bin/zaiko up"]
