# The two commands are `make run` and `make test`. PORT and DATA_DIR in the environment move the port and the data.

PYTHON ?= $(shell for python in python3 python3.11 python3.12 python3.13; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$python; break; }; done)
DATA_DIR ?= $(CURDIR)/var
VENV := .venv
BIN := $(VENV)/bin
export DATA_DIR

.PHONY: run setup test lint format bench bench-large reset browser

run: setup
	@exec $(BIN)/python -m config.development

setup: $(VENV)/installed

$(VENV)/installed: requirements.txt requirements-dev.txt
	@if [ -z "$(PYTHON)" ]; then echo "Python 3.11 or newer is needed and was not found. Name it: make run PYTHON=/path/to/python3.11"; exit 1; fi
	@test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "The virtual environment could not be made. On Debian: apt-get install python3-venv"; exit 1; }
	@echo "Installing packages into $(VENV) (a minute or two, the first time only) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt || { \
		echo "The packages could not be installed: pip's reason is above. Without network, try again with network."; exit 1; }
	@touch $@

# Debian's Chromium for the browser tests, where we may install it. Without it they are skipped and say so.
browser:
	@command -v chromium >/dev/null 2>&1 || command -v google-chrome >/dev/null 2>&1 || { \
		[ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 && { \
		echo "Installing Debian's Chromium for the browser tests …"; \
		export DEBIAN_FRONTEND=noninteractive; \
		apt-get update -qq >/dev/null && apt-get install -y -qq --no-install-recommends chromium fonts-noto-core >/dev/null; } || true; }

test: setup browser
	@exec $(BIN)/python -m pytest -n auto --dist loadfile -q

lint: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check -q . || { echo "Run make format."; exit 1; }
	@DEBUG=true $(BIN)/mypy
	@DEBUG=true DATA_DIR=$(DATA_DIR)/test $(BIN)/python manage.py makemigrations --check --dry-run
	@DEBUG=true DATA_DIR=$(DATA_DIR)/test $(BIN)/python manage.py check

format: setup
	@$(BIN)/ruff check --fix -q .
	@$(BIN)/ruff format -q .

bench: setup
	@exec $(BIN)/python -m bench

bench-large: setup
	@exec $(BIN)/python -m bench.pages 10000000

reset:
	@if [ -x $(BIN)/python ]; then $(BIN)/python -c "import sys; from pathlib import Path; from config import embedded; \
	embedded.stop(Path(sys.argv[1]) / 'postgres')" "$(DATA_DIR)" || { echo "Stop the running \`make run\` first, then make reset."; exit 1; }; fi
	@rm -rf "$(DATA_DIR)"
	@echo "Forgot everything in $(DATA_DIR)."
