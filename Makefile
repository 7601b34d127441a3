# Everything installs into .venv inside this folder; nothing else on the machine is touched.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help demo ui test test-fast test-oldest test-matrix package new-user fuzz lint format types check faults docs kills pictures benchmark \
	emulator clean

help: ## show this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

demo: $(VENV)/ready ## run the daily campaign and edit two photos on a real Airflow with the built-in emulator; make a contact sheet
	@$(BIN)/python dags_examples/demo

ui: $(VENV)/ready ## serve a real Airflow with the example DAGs and the emulator until Ctrl-C
	@$(BIN)/python dags_examples/demo/ui.py

test: $(VENV)/ready .venv-sdk/ready .venv-aiplatform/ready .browser/ready ## run all tests on the newest Airflow
	$(BIN)/python -m pytest

test-fast: $(VENV)/ready ## run the tests that need no Airflow and no server process, in seconds
	TEST_WITHOUT_AIRFLOW=1 $(BIN)/python -m pytest -q tests/core tests/client tests/runner

test-oldest: .venv-oldest/ready .venv-sdk/ready .venv-aiplatform/ready ## run all tests on the oldest supported Airflow
	.venv-oldest/bin/python -m pytest

fuzz: $(VENV)/ready ## try hostile input for some minutes, other input each time
	HYPOTHESIS_PROFILE=thorough $(BIN)/python -m pytest -m hypothesis --hypothesis-show-statistics

test-matrix: ## run all tests on every supported Airflow, or on VERSIONS="2.11 3.3", and print a table
	$(PYTHON) .ci/matrix.py $(VERSIONS)

package: $(VENV)/ready .venv-package/ready ## build wheel and sdist into dist/, and try the wheel beside Airflow alone
	$(PYTHON) .ci/package.py .venv-package/bin/python $(BIN)/python

new-user: .venv-package/ready ## paste the README's commands for a first try into a fresh environment, and print the time of each
	$(PYTHON) .ci/new_user.py .venv-package/bin/python

lint: $(VENV)/ready ## look for mistakes and unformatted code
	$(BIN)/ruff check
	$(BIN)/ruff format --check

format: $(VENV)/ready ## format the code and mend what can be mended by machine
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

types: $(VENV)/ready ## check types
	$(BIN)/mypy

check: lint types test ## everything that has to be green

faults: $(VENV)/ready ## break everything that can break, in every operation, and print what became of it
	$(BIN)/python -m pytest -q --fault-table tests/faults

docs: $(VENV)/ready ## write what the pages take from code, catalogue, docstrings and the fault matrix
	PYTHONPATH=tests $(BIN)/python -W ignore -m faults.docs
	PYTHONPATH=tests $(BIN)/python -W ignore -m pages

kills: $(VENV)/ready ## kill workers at some 500 moments of their tasks, and count what that costs
	KILL_PARTS=40 $(BIN)/python -m pytest -q tests/kills

pictures: demo .browser/ready ## make the pictures in docs/ anew, from the demo and the browser tests
	REQUIRE_BROWSER=1 $(BIN)/python -m pytest -q tests/browser
	$(BIN)/python .ci/pictures.py

benchmark: $(VENV)/ready .venv-sdk/ready .venv-google/ready ## print what imports, requests, large answers, waits and batches cost, beside others
	$(BIN)/python tests/benchmarks/import_time.py
	$(BIN)/python -W ignore tests/benchmarks/road_of_a_request.py
	$(BIN)/python -W ignore tests/benchmarks/first_request.py
	$(BIN)/python tests/benchmarks/memory_of_a_response.py
	$(BIN)/python -W ignore tests/benchmarks/results_of_a_job.py
	$(BIN)/python -W ignore tests/benchmarks/two_hundred_waits.py
	$(BIN)/python -W ignore tests/benchmarks/waits_beside_google.py
	$(BIN)/python -W ignore tests/benchmarks/batch_beside_sdk.py
	$(BIN)/python -W ignore tests/benchmarks/batch_as_mapped_tasks.py
	$(BIN)/python -W ignore tests/benchmarks/batch_again.py
	$(BIN)/python -W ignore tests/benchmarks/batch_of_large_answers.py

emulator: $(VENV)/ready ## serve the stand-in for Google until Ctrl-C
	$(BIN)/python -m airflow_provider_imagen.emulator

clean: ## remove everything that make made
	rm -rf .venv .venv-* .airflow-home .browser demo-output test-output build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(VENV)/ready: .ci/constraints.txt pyproject.toml
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/pip install --quiet --constraint .ci/constraints.txt hatchling editables
	$(BIN)/pip install --quiet --no-build-isolation --constraint .ci/constraints.txt --editable '.[dev,browser]'
	@touch $@

# Every other supported Airflow: .venv-oldest, .venv-3.0, .venv-3.1, .venv-3.2. Two of them have pages to look at.
EXTRAS_3.1 := dev,browser
EXTRAS_3.2 := dev,browser
.venv-%/ready: .ci/constraints-%.txt pyproject.toml
	$(PYTHON) -m venv --clear .venv-$*
	.venv-$*/bin/pip install --quiet --requirement .ci/constraints-$*.txt
	.venv-$*/bin/pip install --quiet --no-build-isolation --constraint .ci/constraints-$*.txt \
		--editable '.[$(or $(EXTRAS_$*),dev)]'
	@touch $@

# Google's SDKs and the tools that build have environments of their own: they are no part of what is tested with Airflow.
.venv-sdk/ready .venv-aiplatform/ready .venv-package/ready: .venv-%/ready: .ci/constraints-%.txt
	$(PYTHON) -m venv --clear .venv-$*
	.venv-$*/bin/pip install --quiet --requirement .ci/constraints-$*.txt
	@touch $@

# Google's Airflow provider without the many libraries that its trigger for Cloud Storage does not import.
.venv-google/ready: .ci/constraints-google.txt
	$(PYTHON) -m venv --clear .venv-google
	.venv-google/bin/pip install --quiet --no-deps --requirement .ci/constraints-google.txt
	@touch $@

# Where it cannot be had, the tests in tests/browser say so and are skipped.
.browser/ready: .ci/chromium
	@.ci/chromium .browser && touch $@ || echo 'No Chromium: the browser tests will be skipped.'
