# `make run` and `make test` need nothing but Python 3.11 or newer; everything else is set up in .venv.
.DEFAULT_GOAL := help
.PHONY: help setup run smoke test test-long conformance rounds kill-matrix bench bench-engine bench-reuse bench-scale bench-many reference planted mutants check format ui lock clean

PYTHON ?= python3
BIN := .venv/bin
STUDY ?= fashion-pullover
JOBS ?= 2
export DVC_NO_ANALYTICS = 1
export PREFECT_SERVER_ANALYTICS_ENABLED = false
# Stages are started as `python -m ...`; this is the Python they mean.
export PATH := $(CURDIR)/$(BIN):$(PATH)

help:       ## this list
	@grep -hE '^[a-z-]+: .*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

setup: .venv/ready ## install the locked packages into .venv (EXTRA=gpu adds CUDA's libraries)

# Byte code is compiled once here: without it each stage would spend seconds compiling TensorFlow.
.venv/ready: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if (3, 11) <= v[:2] < (3, 14) else f"Python 3.11 to 3.13 is needed, $(PYTHON) is {v[0]}.{v[1]}; name another: make PYTHON=python3.11")'
	test -x $(BIN)/pip || $(PYTHON) -m venv .venv || { rm -rf .venv; echo "On Debian: apt-get install python3-venv, then again." >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==0.13.9
	$(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode --require-hashes -r requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	$(if $(EXTRA),$(BIN)/uv pip install --quiet --python $(BIN)/python --editable '.[$(EXTRA)]')
	-$(BIN)/python -m flows.server # fills Prefect's database, so that the first run need not
	touch $@

run: setup   ## a whole study on real data, independent stages in parallel (STUDY=..., JOBS=...)
	$(BIN)/headwater run $(STUDY) --jobs $(JOBS)

smoke: setup ## every stage of every method on little data, in a temporary copy
	$(BIN)/pytest -n 0 tests/test_doors.py -k every_stage

test: setup  ## the fast tests: 10 minutes on two cores
	$(BIN)/pytest

test-long: setup ## the tests that take long, or need a data set's own package
	$(BIN)/pytest -m long --timeout 3600

conformance: setup ## 200 random DAGs and edits, the engine held against serial dvc repro
	$(BIN)/python tests/flows/conformance.py 200

rounds: setup ## two headwater run and one dvc repro at the same time, 20 rounds
	$(BIN)/python tests/flows/rounds.py 20

kill-matrix: setup ## kill -9, TERM, full disk and I/O errors at every step of a run
	$(BIN)/python tests/flows/kill_matrix.py

bench-engine: setup ## the engine's own cost, side by side with dvc repro
	$(BIN)/python benchmarks/engine.py 3

bench: setup ## a whole study against a plain script that does a sample of its trainings (FULL=1: all, for hours)
	$(BIN)/python -m benchmarks.study fashion-sandal --jobs $(JOBS) $(if $(FULL),--repeats 0 --rates 0)

bench-reuse: setup ## frozen features and teachers' outputs computed once, against each time; about ten minutes
	$(BIN)/python -m benchmarks.reuse

bench-scale: setup ## what 100, 1,000 and 10,000 stages that do nothing cost
	$(BIN)/python -m benchmarks.scale --sizes 100 1000 10000

bench-many: setup ## 500 short stages, 8 at a time, through a lasting Prefect server
	$(BIN)/python benchmarks/many.py 500 8

reference: setup ## what papers published, measured again, into docs/published.md (FULL=1: the papers' sizes)
	$(BIN)/headwater run fashion-sandal digits-shift --jobs $(JOBS)
	$(BIN)/python -m benchmarks.published $(if $(FULL),--full)

planted: setup ## many seeds: methods win where a gain was planted, nothing wins where none was
	$(BIN)/python -m benchmarks.planted

mutants: setup ## every loss broken in plausible ways, and its tests notice
	$(BIN)/python -m tests.mutants

check: setup ## parameters, format, lint and types
	$(BIN)/headwater check
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: setup ## put code into shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

ui: setup    ## the Prefect UI at http://127.0.0.1:4200; runs started meanwhile show up in it
	$(BIN)/headwater ui

lock: setup  ## resolve pyproject.toml anew into requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --extra dev --no-annotate --no-header --no-emit-index-url --no-emit-find-links --generate-hashes --upgrade pyproject.toml -o requirements.lock

clean:       ## remove the environment and caches; results stay
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache build *.egg-info
