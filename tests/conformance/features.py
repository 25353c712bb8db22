"""The scenarios of the CloudEvents feature files: what is given, and what must come out."""

import re
from collections.abc import Iterator
from typing import NamedTuple


class Scenario(NamedTuple):
    """`given` are the texts in triple quotes and the tables, in order; `data` is what the last text says."""

    name: str
    texts: list[str]
    tables: list[dict[str, str]]


def scenarios(feature: str) -> Iterator[Scenario]:
    """Every scenario, once for each row of its examples."""
    for block in re.split(r"\n\s*Scenario(?: Outline)?: ", feature)[1:]:
        body, _, examples = block.partition("Examples:")
        header, *rows = _cells(examples) or [[]]
        for row in rows or [[]]:
            filled = body
            for column, value in zip(header, row, strict=True):
                filled = filled.replace(f"<{column}>", value)
            texts = [_dedent(text) for text in re.findall(r'"""\n(.*?)\n\s*"""', filled, re.DOTALL)]
            yield Scenario(filled.splitlines()[0], texts, list(_tables(filled)))


def _cells(text: str) -> list[list[str]]:
    return [
        [cell.strip() for cell in line.strip().strip("|").split("|")]
        for line in text.splitlines()
        if line.strip().startswith("|")
    ]


def _tables(text: str) -> Iterator[dict[str, str]]:
    for table in re.findall(r"((?:^\s*\|.*\n?)+)", text, re.MULTILINE):
        yield {key: value for key, value in _cells(table) if key != "key"}


def _dedent(text: str) -> str:
    lines = text.splitlines()
    margin = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    return "\n".join(line[margin:] for line in lines)
