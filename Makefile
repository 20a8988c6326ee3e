# Everything runs in a virtual environment of the project's own; nothing else is installed.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
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

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# ONLY="append-8 rebuild" runs those.
bench: $(READY)
	$(BIN)/python -m tests.benchmarks $(ONLY)

# What takes an hour or more; results in docs/trials.md. ONLY="rebuild-1m" runs that.
trials: $(READY)
	$(BIN)/python -m tests.trials $(ONLY)

# Every fault RUNS times at its full length: some minutes a run. ONLY="clock kafka" runs those.
faults: $(READY)
	$(BIN)/python -m tests.broker
	$(BIN)/python -m tests.faults $(RUNS) --only "$(ONLY)"

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

schemas: $(READY)
	$(BIN)/python -m infra.schemas

# Needs uv; writes hashes and no index address.
lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --extra dev \
		--no-emit-index-url pyproject.toml -o requirements.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url tests/benchmarks/quix/requirements.in -o tests/benchmarks/quix/requirements.lock
