# Ligtas. `make run` serves the demonstration, `make test` checks everything.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Where a shell forbids it, every command would compile two thousand modules anew: six seconds.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: install install-dev run test lint bench torture calibrate bundle lock clean

install: $(VENV)/.installed
install-dev: $(VENV)/.installed-dev

$(VENV)/.installed: .ci/requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes --requirement .ci/requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/.installed-dev: .ci/requirements-dev.lock $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --require-hashes --requirement .ci/requirements-dev.lock
	touch $@

run: install
	$(BIN)/kms demo --if-empty
	@$(BIN)/kms scheduler & scheduler=$$!; trap "kill $$scheduler 2>/dev/null" EXIT INT TERM; $(BIN)/kms serve

test: install-dev
	.ci/system-packages
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

lint: install-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: install-dev
	for file in benchmarks/*.py; do $(BIN)/python $$file || exit 1; done

torture: install-dev
	KMS_TEST_COUNTS=full $(BIN)/python -m pytest -m torture $(ARGS)

calibrate: install-dev
	KMS_TEST_COUNTS=full $(BIN)/python -m pytest -m calibrate $(ARGS)

bundle:
	cd layouts/vendor/bundle && npm ci --ignore-scripts --no-audit --no-fund && node build.mjs

lock:
	uv export --quiet --no-header --no-annotate --no-emit-project --extra build --output-file .ci/requirements.lock
	uv export --quiet --no-header --no-annotate --no-emit-project --extra build --extra dev --output-file .ci/requirements-dev.lock
	rm -f uv.lock

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache var
