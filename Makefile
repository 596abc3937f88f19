# Every target works as the very first command on a machine with Python 3.11+ and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: install demo run test lint pictures proof-history proof-documents proof-ready proof-booking proof-registers proof-reports proof-monitor proof-kill proof-outage proof-duplicates docs lock clean

install: $(STAMP)

$(STAMP): requirements.lock
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	touch $(STAMP)

demo: install
	$(BIN)/python run_engine.py demo

run: install
	$(BIN)/python run_engine.py run

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python run_engine.py check

# One process more than there are processors: half of what the tests do is waiting for engines that start and stop.
test: lint
	$(BIN)/python -m pytest -n $$(( $$(nproc 2>/dev/null || echo 2) + 1 )) --dist loadfile --no-loadscope-reorder

proof-history: install
	$(BIN)/python -m bench.proofs.history $(SIZE)

# Sound documents over all types, then every rule of every type broken; about 20 minutes on two cores.
proof-documents: install
	$(BIN)/python -m bench.proofs.documents $(SIZE)

# A backlog of 100,000 deliveries on both stores: ready again within 5 s, drained within 30 s; about five minutes.
proof-ready: install
	$(BIN)/python -m bench.proofs.ready $(SIZE)

# Many clients, two engines on one PostgreSQL, hospitals that do not always answer: no seat sold twice, none lost.
proof-booking: install
	$(BIN)/python -m bench.proofs.booking $(SIZE)

# Twenty systems of four hospitals for two minutes on each store: no deadlock, no lost update, every AA with its row and its entry.
proof-registers: install
	$(BIN)/python -m bench.proofs.registers $(SIZE)

# 50 changes a second for two minutes at an engine on PostgreSQL: 99 of 100 visible to the portal within a second; then what must be asked for.
proof-reports: install
	$(BIN)/python -m bench.proofs.reports $(SIZE)

# A million messages on each store, then every page of the monitor about them: p95 within 300 ms, identifiers within 200 ms; about half an hour.
proof-monitor: install
	$(BIN)/python -m bench.proofs.monitor $(SIZE)

# SIGKILL at random 300 times under load, half on each store: every receipt in a client's ledger stands; about 40 minutes. SEED=N repeats one.
proof-kill: install
	SEED=$(SEED) $(BIN)/python -m bench.proofs.kill $(SIZE)

# A destination down for five minutes with 20,000 waiting, in three ways, on each store: back in order at its rate; about 20 minutes.
proof-outage: install
	$(BIN)/python -m bench.proofs.outage $(SIZE)

# 200,000 submissions to two nodes on PostgreSQL, three of ten repeats, one of ten replies cut: effects are as many as keys; about 40 minutes.
proof-duplicates: install
	$(BIN)/python -m bench.proofs.duplicates $(SIZE)

# The pictures of the README, taken by the tests that look at these pages.
pictures: install
	ENGINE_SCREENSHOTS=docs $(BIN)/python -m pytest -n 0 tests/acceptance/test_monitor_every_page.py tests/acceptance/test_monitor_overview.py

docs: install
	$(BIN)/python -m engine.reference

lock:
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links -o requirements.lock

clean:
	rm -rf $(VENV) var .mypy_cache .ruff_cache
