# `make setup`, then `make demo`; `make test` and `make lint` before a change is handed in.

PYTHON ?= python3
# One version for everybody, installed before the rest, so that nothing later chooses another.
TORCH ?= torch==2.13.0
VENV := .venv
STAMP := $(VENV)/.installed

# Threads that wait actively are several times slower as soon as another process keeps a core busy.
OMP_WAIT_POLICY ?= PASSIVE
export OMP_WAIT_POLICY

.PHONY: setup demo test lint clean

setup: $(STAMP)

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Vitrina needs Python 3.11 or newer: make setup PYTHON=python3.12"; exit 1; }
	$(VENV)/bin/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	$(VENV)/bin/python -m pip install --quiet "$(TORCH)"
	$(VENV)/bin/python -m pip install --quiet "$(TORCH)" -e ".[dev]"
	@touch $@

demo: setup
	$(VENV)/bin/vitrina demo demo

test: setup
	$(VENV)/bin/python -m pytest

lint: setup
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/pyright

clean:
	rm -rf $(VENV) demo build dist .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
