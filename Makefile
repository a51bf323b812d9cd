# Relaywarden's commands. A fresh machine needs Python 3.11 and make; all else is set up here.
PYTHON ?= python3
JOBS ?= 3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# Tests start thousands of processes: where the environment forbids bytecode, each would compile all that it imports.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: setup demo test hands chaos check golden bench lock clean

setup: $(READY)

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info[:2] == (3, 11) else "relaywarden needs Python 3.11, this is " + sys.version.split()[0] + "; say make PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv $(VENV)
	sed -n '/^uv==/,/# via/p' requirements.lock > $(VENV)/uv.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r $(VENV)/uv.lock
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements.lock \
	    || $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $(READY)

demo: setup
	$(BIN)/relaywarden up --demo

test: setup # each file's tests stay in one process, the files go in their order
	$(BIN)/pytest --numprocesses $(JOBS) --dist loadfile --no-loadscope-reorder --durations 15

hands: setup # each order of the pages pressed in Chromium; `make test` presses some of them
	RELAYWARDEN_HANDS=all $(BIN)/pytest --numprocesses 0 --durations 15 tests/pages/test_hands_clicked.py

chaos: setup # the tests of docs/guarantees.md with more kills and other chances, half an hour or more; SEED=… as one run said
	$(BIN)/python -m tests.chaos --kills $(or $(KILLS),50) $(if $(SEED),--seed $(SEED))

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tests.formats_page

golden: setup
	$(BIN)/python -m tests.golden --update
	$(BIN)/python -m tests.formats_page --update

bench: setup
	$(BIN)/python -m bench

lock:
	$(BIN)/uv pip compile --quiet --python-version 3.11 --all-extras --generate-hashes --no-header -o requirements.lock pyproject.toml

clean:
	rm -rf $(VENV) var build *.egg-info
