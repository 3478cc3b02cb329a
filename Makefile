# `make demo` and `make test` start from a bare machine: they make .venv, install into it and go. `make help` lists the rest.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:

export PIP_USER := 0
export PIP_DISABLE_PIP_VERSION_CHECK := 1

PY := .venv/bin/python
PIP := $(PY) -m pip install --quiet --constraint constraints.txt
PYTEST := $(PY) -m pytest
WORKERS ?= 2
DEMO := experiments.hopfield_capacity

# Kernel files and the tests of their names: neurosim/kernels/noise.py, tests/neurosim/test_noise*.py. Those that use machine
# instructions, or that run a network, have no plain Python form, and are left out where the JIT is off.
KERNEL_FILES := $(filter-out neurosim/kernels/_%,$(wildcard neurosim/kernels/*.py))
PLAIN_FILES := $(if $(KERNEL_FILES),$(shell grep -LE 'kernels\.(_bits|_blocks|_calls|_edges|_functions|_lanes|_masks|_permanences|_rows|_stages|_synapses|_waves|codes|delivery)' $(KERNEL_FILES)))
tests_of = $(sort $(foreach name,$(notdir $(basename $(1))),$(wildcard tests/neurosim/test_$(name).py tests/neurosim/test_$(name)_*.py)))

# Of the slow tests CI runs one share in SLOW_SHARES, the next one with each commit. `make slow SLICE=0/1` runs them all.
SLOW_SHARES := 4
SLICE ?= $(shell git rev-list --count HEAD 2>/dev/null || echo 0)/$(SLOW_SHARES)

.PHONY: help demo test ci lint format typecheck imports docs bench wheel bounds nojit cache notebooks slow coverage hooks clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' Makefile | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 12

demo: .venv/.core ## how many patterns does a Hopfield network hold? a figure and a table of claims
	$(PY) -m neurosim run $(DEMO)

test: .venv/.test ## the tests, without the slow ones
	$(PYTEST) --numprocesses $(WORKERS) --quiet

ci: lint wheel bounds nojit cache notebooks docs slow demo ## all that CI runs after the tests

lint: format typecheck imports ## formatting, lint, types, import contracts

format: .venv/.test
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .

typecheck: .venv/.test .venv/.bench
	$(PY) -m pyright --pythonpath $(PY)

imports: .venv/.test
	.venv/bin/lint-imports --no-cache

docs: .venv/.docs .venv/.test ## the documentation in docs/_build/html; warnings are errors
	$(PY) -m sphinx --fail-on-warning --keep-going --quiet --builder html docs docs/_build/html
	MPLBACKEND=agg $(PYTEST) --quiet docs
	@echo "docs/_build/html/index.html"

bench: .venv/.bench ## speeds beside those of the peers
	$(PY) -m benchmarks

wheel: .venv/.test ## build the wheel, install it into an empty environment, use it there
	$(PY) tools/check_wheel.py

bounds: .venv/.test ## the kernel tests with every index checked
	NUMBA_BOUNDSCHECK=1 NEUROSIM_CACHE=.cache/bounds $(PYTEST) --numprocesses $(WORKERS) --quiet $(call tests_of,$(KERNEL_FILES))

nojit: .venv/.test ## the tests of kernels without machine instructions, as plain Python
	NUMBA_DISABLE_JIT=1 $(PYTEST) --quiet $(shell grep -L 'ns\.Network' $(call tests_of,$(PLAIN_FILES)))

cache: .venv/.test ## a cold against a warm kernel cache: equal answers, nothing compiled twice
	$(PY) tools/check_cache.py

notebooks: .venv/.test ## run the notebooks
	$(PYTEST) --nbmake --quiet notebooks

slow: .venv/.test .venv/.bench ## this commit's share of the slow tests
	$(PYTEST) --numprocesses $(WORKERS) --quiet -m "slow and not bench" --slow-slice $(SLICE) tests || [ $$? -eq 5 ]

coverage: .venv/.test ## which lines the tests reach, kernels included
	rm -rf .cache/coverage
	NUMBA_JIT_COVERAGE=1 NEUROSIM_CACHE=.cache/coverage $(PYTEST) --numprocesses $(WORKERS) --quiet --cov --cov-report=term

hooks: .venv/.test ## run the linters before each commit
	$(PIP) pre-commit
	$(PY) -m pre_commit install

clean: ## remove what can be made again (not the runs)
	rm -rf .venv .cache build dist docs/_build docs/reference/generated *.egg-info .pytest_cache .ruff_cache .hypothesis .import_linter_cache .coverage*

.venv/bin/python:
	tools/make_env.sh .venv

.venv/.core: setup.cfg pyproject.toml constraints.txt | .venv/bin/python
	@echo "Installing neurosim and what it needs (a minute or two)"
	$(PIP) --editable .
	@touch $@

.venv/.test .venv/.docs .venv/.bench: .venv/.%: .venv/.core
	@echo "Installing the extra '$*'"
	$(PIP) --editable '.[$*]'
	@touch $@
