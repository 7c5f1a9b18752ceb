# Everything needs Python 3.11 and make; the first target that runs makes the environment.
.DEFAULT_GOAL := help
PYTHON ?= python3.11
BIN := .venv/bin
LINES = 1000000 10000000

.PHONY: help demo test pytest bench validity soak lint lock

help: ## What can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 16

.venv/ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: .venv/ready ## Write a sample, run the whole pipeline, say what to look at next
	$(BIN)/crm sample
	$(BIN)/crm build
	$(BIN)/crm query "select s.label_en, s.label_zh, count(*) as customers, sum(c.monetary_amount) as amount from rfm.rfm_customers as c join rfm.rfm_segments as s using (segment) group by all order by amount desc"
	@echo "Look next: $(BIN)/crm status, $(BIN)/crm dev (the graph), docs/glossary.md (what a column means)."

test: .venv/ready ## Lint, types and every test
	$(MAKE) --jobs=2 lint pytest

pytest: .venv/ready
	$(BIN)/pytest

.venv-bench/ready: bench/requirements.lock
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r bench/requirements.lock
	@touch $@

bench: .venv/ready .venv-bench/ready ## What builds and questions cost, LINES="1000000 10000000"
	$(BIN)/python -m bench $(LINES)

validity: .venv/ready ## How valid the lifecycle stages are, on real and planted customers
	$(BIN)/python -m bench.validity

POINTS ?= 50
SEED ?= 1
soak: .venv/ready ## kill -9 at random moments of builds (POINTS=50 SEED=1), an hour and more
	POINTS=$(POINTS) SEED=$(SEED) $(BIN)/pytest -o addopts="" -q -s -p no:cacheprovider tests/crash/soak.py

lint: .venv/ready ## ruff, mypy, sqlfluff, without exclusions
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	WAREHOUSE_BUILD=$$(mktemp -d) $(BIN)/sqlfluff lint --disable-progress-bar models tests/dbt

lock: .venv/ready ## Lock what is required again (needs uv)
	for folder in . bench; do \
	  uv pip compile $$folder/requirements.in -q --python-version 3.11 --python-platform x86_64-manylinux_2_28 \
	    --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header \
	    --no-strip-extras -o $$folder/requirements.lock || exit 1; \
	done
