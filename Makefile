# `make run` starts Tally, `make test` checks everything. Both make .venv when it is missing or out of date.
PYTHON ?= python3
VENV := .venv
PHOTOS ?= ../shared/data/photos
BIN := $(VENV)/bin

.PHONY: run test pictures benchmark python clean

run: $(VENV)/run.stamp
	@$(BIN)/tally serve

test: $(VENV)/dev.stamp
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile

pictures: $(VENV)/dev.stamp  ## take the README's pictures again
	$(BIN)/python -m tests.browser.pictures

benchmark: $(VENV)/dev.stamp
	$(BIN)/python -m tests.benchmarks.classify
	$(BIN)/python -m tests.benchmarks.tweets
	$(BIN)/python -m tests.benchmarks.curves speed
	@if [ -d "$(PHOTOS)" ]; then \
	    for name in listings views parts train; do $(BIN)/python -m tests.benchmarks.$$name $(PHOTOS) || exit 1; done; \
	    $(BIN)/python -m tests.benchmarks.gate; \
	else echo "listings, views, parts, train and gate need PHOTOS=FOLDER with val.parquet and unknown-*.parquet"; fi

clean:
	rm -rf $(VENV)

# An environment that was moved, or whose Python is gone, counts as missing: its scripts name a Python that is not there.
ifneq ($(shell $(BIN)/pip --version >/dev/null 2>&1 && echo works),works)
$(shell rm -f $(VENV)/run.stamp $(VENV)/dev.stamp)
endif

$(VENV)/run.stamp: pyproject.toml
	@$(MAKE) --no-print-directory python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/dev.stamp: pyproject.toml
	@$(MAKE) --no-print-directory python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $(VENV)/run.stamp $@

python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	    found=$$($(PYTHON) --version 2>/dev/null || echo missing); \
	    echo "Tally needs Python 3.11 or newer, but $(PYTHON) is $$found. Try: make PYTHON=python3.12" >&2; exit 1; }
	@$(BIN)/python -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	    $(PYTHON) -m venv --clear $(VENV) || { rm -rf $(VENV); exit 1; }
	@echo "Installing what pyproject.toml asks for into $(VENV); the first time takes some minutes." >&2
