# make run      everything, in one command: http://127.0.0.1:8000/ (PORT and DATA_DIR in the environment move it)
# make test     all tests, in parallel        make lint    ruff, mypy, imports, templates, scripts, settings
# make setup    only install                  make format  let ruff rewrite
# make messages renew the translations in locale/
# make update   renew the locked versions     make audit   their known vulnerabilities
# make bench    the performance figures       make reset   forget the data of make run
# PYTHON names the interpreter (3.11 or newer) that .venv is made with.

VENV = .venv
BIN = $(VENV)/bin
INSTALLED = $(VENV)/installed
# Django's templates; those of templates/jinja are Jinja's.
TEMPLATES = $$(find templates -name '*.html' -not -path 'templates/jinja/*')

# Compiled modules are kept: with this variable each of the many processes would compile everything again.
unexport PYTHONDONTWRITEBYTECODE

all: run

run: $(INSTALLED)
	@exec $(BIN)/python -m config.development

reset: $(INSTALLED)
	@exec $(BIN)/python -m config.development reset

# In the order of collection: the quick tests stand last, so that the processes end together.
test: browser pooler gettext
	@exec $(BIN)/python -m pytest --numprocesses logical --dist loadscope --no-loadscope-reorder $(PYTEST)

lint: $(INSTALLED)
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy
	@$(BIN)/lint-imports --cache-dir var/import-linter
	@$(BIN)/djade --check --target-version 5.2 $(TEMPLATES)
	@$(BIN)/oxlint --quiet static/js simulator/phone/static
	@DEBUG=true DATA_DIR=var/test EMBEDDED_DURABLE=false $(BIN)/python manage.py makemigrations --check --dry-run
	@DEBUG=true DATA_DIR=var/test EMBEDDED_DURABLE=false $(BIN)/python manage.py check

format: $(INSTALLED)
	@$(BIN)/ruff check --fix-only --quiet . ; $(BIN)/ruff format .
	@$(BIN)/djade --target-version 5.2 $(TEMPLATES)

bench: browser
	@exec $(BIN)/python -m bench

bench-large: $(INSTALLED)
	@exec $(BIN)/python -m bench --large

setup: $(INSTALLED)

# Debian's Chromium for the browser tests, where this user may install it. Elsewhere those tests say what to install.
browser: $(INSTALLED)
	@command -v chromium >/dev/null 2>&1 || test "$$(id -u)" != 0 || ! command -v apt-get >/dev/null 2>&1 || { \
	  echo "Installing Chromium for the browser tests …"; \
	  export DEBIAN_FRONTEND=noninteractive; \
	  { apt-get -qq update && apt-get -qq install -y --no-install-recommends \
	      chromium fonts-dejavu-core fonts-noto-color-emoji </dev/null; } >$(VENV)/chromium.log 2>&1 \
	  || echo "Chromium could not be installed ($(VENV)/chromium.log says why)."; }

# Debian's PgBouncer for the tests of a pooler, likewise. Debian starts it as a service; the tests start their own.
pooler: $(INSTALLED)
	@PATH="$$PATH:/usr/sbin" command -v pgbouncer >/dev/null 2>&1 || test "$$(id -u)" != 0 || \
	! command -v apt-get >/dev/null 2>&1 || { \
	  echo "Installing PgBouncer for the tests of a pooler …"; \
	  export DEBIAN_FRONTEND=noninteractive; \
	  { apt-get -qq update && apt-get -qq install -y --no-install-recommends pgbouncer </dev/null; } \
	    >$(VENV)/pgbouncer.log 2>&1 \
	  || echo "PgBouncer could not be installed ($(VENV)/pgbouncer.log says why)."; }

$(INSTALLED): requirements-dev.lock
	@python= ; \
	for name in $${PYTHON:-python3 python3.13 python3.12 python3.11}; do \
	  if "$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python=$$name; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
	  echo "Python 3.11 or newer is needed, and $${PYTHON:-python3} is not. Install it, or name it: PYTHON=/path/to/python3.12 make $(MAKECMDGOALS)" >&2; \
	  exit 1; \
	fi; \
	if ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
	  rm -rf $(VENV); \
	  if ! "$$python" -m venv $(VENV) >/dev/null 2>&1; then \
	    rm -rf $(VENV); \
	    echo "$$python cannot make a virtual environment here. On Debian and Ubuntu: apt-get install python3-venv (or python3.x-venv for another Python). Elsewhere: is this folder yours to write?" >&2; \
	    exit 1; \
	  fi; \
	fi; \
	echo "Installing what requirements-dev.lock lists into $(VENV) (a minute the first time) …"; \
	if ! $(BIN)/python -m pip install --quiet --no-input --disable-pip-version-check \
	    "$$(grep -o '^uv==[^ ;]*' requirements-dev.lock)" >$(VENV)/install.log 2>&1 || \
	  ! $(BIN)/python -m uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements-dev.lock \
	    >>$(VENV)/install.log 2>&1; then \
	  tail -n 5 $(VENV)/install.log >&2; \
	  if grep -qE 'NewConnectionError|ConnectTimeout|Temporary failure|ProxyError|No matching distribution|error sending request' $(VENV)/install.log; then \
	    echo "The package index could not be reached: check the network, then try again. $(VENV)/install.log has the details." >&2; \
	  else \
	    echo "Installing failed; $(VENV)/install.log has the details. The same command goes on where it stopped." >&2; \
	  fi; \
	  exit 1; \
	fi; \
	touch $@

# The newest versions that requirements.txt and requirements-dev.txt allow, with their hashes, and their licences.
update: $(INSTALLED)
	@for name in requirements requirements-dev; do \
	  $(BIN)/uv pip compile $$name.txt --upgrade --universal --python-version 3.11 --generate-hashes --no-annotate \
	    --custom-compile-command "make update" --quiet --output-file $$name.lock || exit 1; \
	done
	@$(MAKE) --no-print-directory $(INSTALLED) licences

licences: $(INSTALLED)
	@{ printf '# Licences\n\nWhat production installs, by requirements.lock. Renewed by `make update`.\n\n'; \
	  $(BIN)/pip-licenses --format=markdown --packages $$(grep -o '^[a-z0-9-]*==' requirements.lock | tr -d =); \
	} >docs/licences.md

# Known vulnerabilities of what production installs. Fails when a package could not be looked up, too.
audit: $(INSTALLED)
	@$(BIN)/pip-audit --requirement requirements.lock --require-hashes --disable-pip --strict --progress-spinner off

# GNU gettext, which finds the sentences that have to be translated.
gettext:
	@command -v xgettext >/dev/null 2>&1 || test "$$(id -u)" != 0 || ! command -v apt-get >/dev/null 2>&1 || { \
	  echo "Installing gettext for the translations …"; \
	  export DEBIAN_FRONTEND=noninteractive; \
	  { apt-get -qq update && apt-get -qq install -y --no-install-recommends gettext </dev/null; } \
	    >$(VENV)/gettext.log 2>&1 \
	  || echo "gettext could not be installed ($(VENV)/gettext.log says why)."; }

# The catalogues in locale/ follow the sentences in the code; what is new or changed waits there for a translator.
MESSAGES = DEBUG=true DATA_DIR=var/test EMBEDDED_DURABLE=false $(BIN)/python manage.py
messages: $(INSTALLED) gettext
	@for domain in "django -e html,py,txt" "djangojs -e js"; do \
	  $(MESSAGES) makemessages --domain $$domain --all --no-obsolete --add-location file --verbosity 0 \
	    -i .venv -i var -i tests -i bench -i simulator || exit 1; \
	done
	@$(MESSAGES) compilemessages --verbosity 0 -i .venv -i var

.PHONY: messages gettext all run reset test lint format bench bench-large setup browser pooler update licences audit
