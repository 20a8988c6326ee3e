# Everything runs in a virtual environment of the project's own; nothing else is installed.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check
READY := $(VENV)/.ready
DEV := $(VENV)/.ready-dev
ONLY ?=
RUNS ?= 1
KAFKA ?=

.PHONY: demo test check lint bench faults trials lock schemas

# KAFKA=1 plays it through a Kafka that is there as long as the demo.
demo: $(READY)
	$(if $(KAFKA),$(BIN)/python -m tests.broker) $(BIN)/ordermade demo

test: lint
	$(BIN)/python -m tests.broker
	$(BIN)/pytest tests --ignore=tests/benchmarks -n 3 --dist loadscope \
		--no-loadscope-reorder --both-logs

check: lint
	$(BIN)/pytest tests/unit -n 2

lint: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# ONLY="append-8 rebuild" runs those.
bench: $(DEV)
	$(BIN)/python -m tests.benchmarks $(ONLY)

# What takes an hour or more; writes a table of results into docs. ONLY="rebuild-1m" runs that.
trials: $(DEV)
	$(BIN)/python -m tests.trials $(ONLY)

# Every fault RUNS times at its full length: some minutes a run. ONLY="clock kafka" runs those.
faults: $(DEV)
	$(BIN)/python -m tests.broker
	$(BIN)/python -m tests.faults $(RUNS) --only "$(ONLY)"

# What running needs.
$(READY): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PIP) --require-hashes -r requirements.lock
	$(PIP) --no-deps --no-build-isolation -e .
	touch $@

# What tests, checks and benchmarks need as well.
$(DEV): requirements-dev.lock $(READY)
	$(PIP) --require-hashes -r requirements-dev.lock
	touch $@

schemas: $(DEV)
	$(BIN)/python -m infra.schemas
	$(BIN)/python -m infra.postgres.server.schema

# Needs uv; writes hashes and no index address.
COMPILE := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url
lock:
	$(COMPILE) --extra build pyproject.toml -o requirements.lock
	$(COMPILE) --extra build --extra dev -c requirements.lock pyproject.toml -o requirements-dev.lock
	$(COMPILE) tests/benchmarks/quix/requirements.in -o tests/benchmarks/quix/requirements.lock
