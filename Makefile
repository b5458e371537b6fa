# Two commands on a fresh machine: `make train` and `make test`. Each makes .venv, installs and runs.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: train test quick lint slow clean

train: $(VENV)/.installed
	$(BIN)/dcgan train $(ARGS)

test: $(VENV)/.installed-dev lint
	$(BIN)/python -m pytest

quick: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -m "not slow and not full"

slow: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -m slow -n 0

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.txt pyproject.toml | $(BIN)/python
	$(PIP) -r requirements.txt
	$(PIP) --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	$(PIP) -r requirements-dev.txt
	touch $@

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache
