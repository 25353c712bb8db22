# Every target sets up what it needs: on a machine with Python 3.11 alone, any of them may be the first command typed.
PYTHON ?= python3
VENV := .venv
READY := $(VENV)/.ready
BUS ?= postgres

.PHONY: help setup demo test check format diagrams bench kafka lock
help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 10

setup: $(READY) ## create .venv from the locked dependencies
$(READY): requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Zaiko needs Python 3.11 or newer; call make PYTHON=python3.11 …")'
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(READY) ## replay a real week through tills and orders (ARGS=--exit ends afterwards)
	$(VENV)/bin/zaiko demo --bus $(BUS) $(ARGS)

test: $(READY) ## run every test
	$(VENV)/bin/python -m pytest -n auto --dist loadfile --no-loadscope-reorder $(ARGS)

check: $(READY) ## format, lint, types, import rules
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports --no-cache

format: $(READY) ## rewrite the code in the project's format
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .

diagrams: $(READY) ## draw the states in ARCHITECTURE.md as the code has them
	$(VENV)/bin/python -m services.state_diagrams

bench: $(READY) ## the benchmark table of ratios
	BUS=$(BUS) $(VENV)/bin/python -m tests.bench $(ARGS)

kafka: ## start a real Apache Kafka broker without Docker (Java 17 and Maven)
	deploy/kafka/run.sh

lock: $(READY) ## renew the lock files from pyproject.toml
	$(VENV)/bin/python -m pip install --quiet uv
	$(VENV)/bin/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 \
		--extra replay -o requirements.lock pyproject.toml
	$(VENV)/bin/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 \
		--extra replay --extra dev -o requirements-dev.lock pyproject.toml
