"""The rules of the house, as tests: what a reviewer would otherwise have to say again and again.

Import directions are import-linter's (see pyproject.toml, `make check`); this is what it cannot see.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SERVICES = ("inventory", "orders", "pickup")
CODE = sorted(path for top in ("services", "shared") for path in (ROOT / top).rglob("*.py"))
EVERYTHING = [*CODE, *sorted((ROOT / "tests").rglob("*.py"))]
FILE_LINES_LIMIT = 300
FUNCTION_LINES_LIMIT = 60
DECLARATIONS = {"add_shared_tables", "run_environment", "ConsumerRebalanceListener.register", "cli.add_typer"}
"""Calls at import that only declare something."""
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "manager", "misc", "common"}


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


@pytest.mark.parametrize("path", EVERYTHING, ids=name)
def test_a_file_stays_short_enough_to_be_read(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= FILE_LINES_LIMIT


@pytest.mark.parametrize("path", EVERYTHING, ids=name)
def test_a_function_fits_on_a_screen(path: Path) -> None:
    functions = [
        node
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    too_long = {f.name: length for f in functions if (length := f.end_lineno - f.lineno + 1) > FUNCTION_LINES_LIMIT}
    assert too_long == {}


@pytest.mark.parametrize("path", EVERYTHING, ids=name)
def test_a_file_is_named_for_what_it_holds(path: Path) -> None:
    assert not FORBIDDEN_NAMES & set(re.split(r"[_./]", name(path)))


def test_the_three_services_have_the_same_shape() -> None:
    shapes = {service: rooms(ROOT / "services" / service) for service in SERVICES}
    assert shapes["orders"] == shapes["inventory"]
    assert shapes["pickup"] == shapes["inventory"]


def rooms(service: Path) -> set[str]:
    """The files at a service's top, and its folders."""
    return {
        child.name
        for child in service.iterdir()
        if child.name != "__pycache__" and (child.is_dir() or child.suffix == ".py")
    }


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_has_the_rooms_that_the_others_count_on(service: str) -> None:
    for room in ("app.py", "settings.py", "events.py", "api/doors.py", "store/tables.py", "store/verification.py"):
        assert (ROOT / "services" / service / room).is_file()


@pytest.mark.parametrize("service", SERVICES)
def test_the_domain_imports_the_standard_library_and_its_own_only(service: str) -> None:
    for path in (ROOT / "services" / service / "domain").glob("*.py"):
        for module in imports(path):
            own = module.startswith(f"services.{service}.domain")
            assert own or module.split(".")[0] in sys.stdlib_module_names, f"{name(path)} imports {module}"


def test_the_domain_has_no_clock_and_no_chance() -> None:
    for service in SERVICES:
        for path in (ROOT / "services" / service / "domain").glob("*.py"):
            source = path.read_text()
            assert not re.search(r"\b(datetime\.now|time\.time|utcnow|random\.|uuid4|secrets\.)", source), name(path)


def test_only_stores_and_shared_speak_sql() -> None:
    """`zaiko verify` holds all schemas against each other, so it has to speak it too."""
    allowed = re.compile(r"^(shared/|services/(inventory|orders|pickup)/(store|migrations)/|services/verification/)")
    for path in CODE:
        if not allowed.match(name(path)):
            assert not any(module.split(".")[0] in ("sqlalchemy", "asyncpg") for module in imports(path)), name(path)


def test_every_row_lock_of_a_service_lives_in_its_store() -> None:
    """Or in a function of its schema, which the store calls."""
    for path in CODE:
        if "FOR UPDATE" in path.read_text() or "with_for_update" in path.read_text():
            assert re.match(r"^(shared/bus/|services/\w+/(store|migrations)/)", name(path)), name(path)


def test_only_the_kafka_adapter_knows_aiokafka() -> None:
    """And the reference till, which is a program of its own."""
    knowing = {name(path) for path in CODE if any(module.startswith("aiokafka") for module in imports(path))}
    assert knowing
    assert all(path.startswith("shared/bus/kafka") for path in knowing - {"services/till.py"})


def test_the_reference_till_can_be_lifted_out_and_read_in_one_sitting() -> None:
    till = ROOT / "services" / "till.py"
    others = {module.split(".")[0] for module in imports(till)} - sys.stdlib_module_names
    assert others == {"httpx", "aiokafka"}
    assert len(till.read_text().splitlines()) < 250


def test_only_settings_read_the_environment() -> None:
    """To hand all of it on to a child process is no reading."""
    for path in CODE:
        if path.name != "settings.py":
            assert not re.search(r"(?<!\*\*)os\.environ|os\.getenv", path.read_text()), name(path)


@pytest.mark.parametrize("path", CODE, ids=name)
def test_no_failure_is_swallowed(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ExceptHandler):
            body = [part for part in node.body if not isinstance(part, ast.Pass)]
            caught = ast.unparse(node.type) if node.type else "everything"
            assert body or caught not in ("everything", "Exception", "BaseException"), f"line {node.lineno}"


@pytest.mark.parametrize("path", CODE, ids=name)
def test_nothing_is_opened_when_a_module_is_imported(path: Path) -> None:
    for node in ast.parse(path.read_text()).body:
        assert not isinstance(node, ast.With | ast.AsyncWith), f"line {node.lineno}"
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            assert ast.unparse(node.value.func) in DECLARATIONS, f"line {node.lineno}"


def test_every_setting_is_described() -> None:
    for path in (ROOT / "services" / s / "settings.py" for s in SERVICES):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.AnnAssign) and isinstance(node.value, ast.Call):
                assert any(keyword.arg == "description" for keyword in node.value.keywords), ast.unparse(node)


def test_every_setting_and_every_command_is_documented() -> None:
    settings = (ROOT / "docs" / "settings.md").read_text()
    sources = [ROOT / "shared" / "settings.py", *(ROOT / "services" / service / "settings.py" for service in SERVICES)]
    for source in sources:
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id.islower():
                assert f"`ZAIKO_{node.target.id.upper()}`" in settings, node.target.id
    readme = (ROOT / "README.md").read_text()
    for command in re.findall(r'@cli\.command\("?(\w*)"?', (ROOT / "services" / "__main__.py").read_text()):
        assert f"`zaiko {command}" in readme, command


def test_every_decision_record_names_what_enforces_it() -> None:
    records = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    assert records
    for record in records:
        assert "Enforced by" in record.read_text(), record.name
