# SPDX-License-Identifier: Apache-2.0
# Everything that is needed is set up first (tools/set-up).
SHELL := /bin/bash
export PATH := $(PATH):/usr/sbin:/sbin
BIN := .venv/bin
DEMO := demo-out
BENCH_DIR := /tmp/mkboot-bench

.PHONY: bench help test long fuzz mutate demo lint docs wheel set-up clean

help:
	@echo "make test    all tests; PYTEST_ARGS are handed on"
	@echo "make fuzz    half an hour of fuzzing; FUZZ_ARGS are handed on (--minutes 5 ufs iso)"
	@echo "make demo    the whole main job on a made-up host, into $(DEMO)"
	@echo "make bench   us and the peers on the same content, into bench/results; QUICK=1: a little"
	@echo "make long    the tests that take minutes each: full scale, every kill, all damage"
	@echo "make mutate  every line and field that a disc restores by, altered in turn; MUTATE_ARGS"
	@echo "make lint    ruff and mypy"
	@echo "make docs    write docs/cli.md and docs/mkboot.1 from the commands"
	@echo "make wheel   build dist/mkboot-*.whl"

set-up:
	@tools/set-up

test: set-up
	$(BIN)/python -m pytest $(PYTEST_ARGS)

# the fuzzer atheris has packages for some Pythons only; without it hypothesis has all the time
fuzz: set-up
	@$(BIN)/python -c 'import atheris' 2>/dev/null || \
	  $(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e '.[fuzz]' || \
	  echo "atheris could not be installed"
	$(BIN)/python -m fuzz.run $(FUZZ_ARGS)

bench: set-up
	$(BIN)/python -m bench $(if $(QUICK),--quick --out $(BENCH_DIR)/quick-results) --work $(BENCH_DIR) $(BENCH_ARGS)

# docs/mutation.md; --files engine,stage1 or --sample 100 for a part of it
mutate: set-up
	cd tests && PYTHONPATH=.:.. ../$(BIN)/python -m mutation $(MUTATE_ARGS)

long: set-up
	$(BIN)/python -m pytest -m long $(PYTEST_ARGS)

demo: set-up
	$(BIN)/mkboot demo --force $(DEMO)

lint: set-up
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict

docs: set-up
	$(BIN)/python docs/make_cli.py
	$(BIN)/python docs/make_man.py

wheel: set-up
	$(BIN)/python -m pip wheel -q --no-deps --no-build-isolation -w dist .

clean:
	rm -rf .venv dist $(DEMO) .pytest_cache .mypy_cache .ruff_cache .hypothesis
