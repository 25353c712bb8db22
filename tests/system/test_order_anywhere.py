"""The walk through ordering, collecting and returning, run as its page is written; ports and paths alone differ."""

import json
import re
import subprocess
from pathlib import Path

from tests.system.installation import ZAIKO, Installation

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "order-anywhere.md"


def test_the_walk_goes_as_the_page_says(shared_installation: Installation, tmp_path: Path) -> None:
    here = shared_installation
    script = "\n".join(re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL))
    script = script.replace("http://127.0.0.1:8000", here.url)
    script = script.replace(".venv/bin/zaiko token", f"{' '.join(ZAIKO)} token --data-dir {here.data_dir}")
    script = script.replace(" .venv/bin/python -c", f" {ZAIKO[0]} -c").replace(
        "> code.svg", f"> {tmp_path / 'code.svg'}"
    )

    done = subprocess.run(["bash", "-euc", script], capture_output=True, text=True, timeout=120, check=False)

    assert (done.returncode, done.stderr) == (0, ""), done.stdout[-2000:]
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    asked_for = [answer["items"][0] for answer in answers if "items" in answer and "as_of" in answer]
    marketplace, web = [item["available"] for item in asked_for if "status" in item]
    assert (marketplace, web) == (5, 28)
    *_, order, ratings = answers
    assert order["state"] == "completed"
    assert [(line["collected"], line["returned"]) for line in order["lines"]] == [(2, 1)]
    assert (ratings["count"], ratings["average"]) == (1, 5.0)
    assert "<svg" in (tmp_path / "code.svg").read_text()
