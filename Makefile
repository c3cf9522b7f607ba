# sealift: few verbs. `make demo` and `make test` are all that a fresh machine needs.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
PYTEST := $(BIN)/python -m pytest
SHARE  ?= 1

export PREFECT_SERVER_ANALYTICS_ENABLED ?= false

.DEFAULT_GOAL := help
.PHONY: help install demo test faults torture mariadb every-step check conformance-clients mutants bench fmt lint type arrows docs docs-check lock wheel clean

help: ## show the verbs
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 22

install: $(STAMP) ## make the virtual environment, exactly as locked

$(STAMP): requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "sealift needs $(PYTHON) (or say: make PYTHON=python3.12 …)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: install ## move six instances and two databases on the sandbox: no AWS account needed
	$(BIN)/sealift demo

test: install lint type arrows docs-check ## everything: style, types, arrows, docs, every test
	$(PYTEST) -n 2 --dist loadgroup -m "not mariadb"

faults: install ## the promises, tried against crashes, faults, people and planted bugs: the short form
	$(PYTEST) -n 2 --dist loadgroup tests/faults

torture: install ## the same on every shape, everywhere (hours; SHARE=0.1 tries a tenth); writes docs/reliability.md
	$(PYTEST) -n 2 --hypothesis-profile=torture tests/faults/fuzz
	$(BIN)/python -m tests.faults --share $(SHARE) --keep
	$(BIN)/python -m docs.generate

mariadb: install ## the fence on a real MariaDB (installs Debian's mariadb-server)
	@command -v mariadbd >/dev/null || { \
	  as_root=$$([ "$$(id -u)" = 0 ] || echo sudo); \
	  $$as_root apt-get update -q && DEBIAN_FRONTEND=noninteractive $$as_root apt-get install -q -y --no-install-recommends mariadb-server; }
	$(PYTEST) -n 2 --dist loadgroup -m mariadb tests/dataplane

every-step: install ## whole migrations of databases, failed at every step before bring-up
	$(PYTEST) -n 2 --every-step -k test_a_failure_at_every_step_before_bring_up tests/kinds

check: install lint type arrows ## the inner loop: what is fast
	$(PYTEST) -n 2 --dist loadgroup -m "not prefect and not process and not mariadb" -q

conformance-clients: install ## the aws CLI, boto3's waiters and cloud-custodian on the sandbox (fetches them; minutes)
	$(BIN)/python tests/foreign/run.py

mutants: install ## change engine, journal and the EBS recipes a little, thousands of times: do the fast tests tell? (SHARE=0.2 for a sample)
	nice $(BIN)/python -m tests.mutants.run --share $(SHARE)

bench: install ## downtime beyond AWS's own, how long databases get nothing, calls a volume, cost of --help; durations are modelled
	$(BIN)/python -m bench

fmt: install ## format and mend what can be mended
	$(BIN)/ruff format . && $(BIN)/ruff check --fix .

lint: install
	$(BIN)/ruff check . && $(BIN)/ruff format --check .
	$(BIN)/interrogate --quiet sealift flows tasks

type: install
	$(BIN)/mypy

arrows: install
	$(BIN)/lint-imports --no-cache >/tmp/sealift-arrows.$$$$ 2>&1 || { cat /tmp/sealift-arrows.$$$$; rm -f /tmp/sealift-arrows.$$$$; exit 1; }; rm -f /tmp/sealift-arrows.$$$$

docs: install ## write the generated pages again
	$(BIN)/python -m docs.generate

docs-check: install
	$(BIN)/python -m docs.generate --check

lock: ## resolve the dependencies anew (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header \
	  --extra sandbox --extra postgres --extra mysql --group dev pyproject.toml -o requirements.lock

wheel: install ## build the wheel and try it in an environment of its own
	$(PYTEST) tests/packaging

clean: ## remove what was made
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
