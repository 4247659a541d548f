# Two commands do everything: `make lab` and `make test`. Each sets up .venv first, when that is due.
#   PYTHON=python3.12   another Python to set up with
#   ARGS=…              more arguments for the program that the target runs

PYTHON ?= python3
NOTEBOOKS ?= $(wildcard notebooks/*.ipynb)

# Nothing in the learner's own environment and settings reaches into .venv. What leads to a mirror or through a
# proxy stays: it may say where packages come from, and the hashes say which.
unexport PYTHONDONTWRITEBYTECODE PYTHONHOME PYTHONPATH
unexport PIP_CONSTRAINT PIP_NO_DEPS PIP_PREFIX PIP_ROOT PIP_TARGET
export PIP_USER := 0
unexport UV_CONSTRAINT UV_OVERRIDE UV_PREFIX UV_PYTHON UV_REQUIRE_HASHES UV_SYSTEM_PYTHON UV_TARGET
unexport JUPYTER_CONFIG_PATH JUPYTER_PATH
export JUPYTER_CONFIG_DIR := $(CURDIR)/.jupyter
export IPYTHONDIR := $(CURDIR)/.jupyter/ipython

.PHONY: help lab own-checkout test test-all exhaustive faults stop clean-up outputs site bench lint lock clean

help: ## say what there is
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1|\2/p' Makefile | awk -F '|' '{ printf "%-14s %s\n", $$1, $$2 }'

lab: own-checkout .venv/ready ## set up, and open JupyterLab on your own copy of the notebooks, in my_copy/
	@.venv/bin/python tools/working_copy.py
	.venv/bin/jupyter-lab --ServerApp.root_dir=my_copy $(ARGS)

own-checkout:
	@[ -w . ] || { echo "This checkout is not yours to write in: clone the tutorial into a folder of your own." >&2; exit 1; }

# One worker more than there are cores: a test often waits, for a browser or a change to have effect.
PYTEST = .venv/bin/pytest --numprocesses=auto --dist=loadfile --no-loadscope-reorder --durations=15

test: lint ## set up, and run what to run before each push, the notebooks and the browser included
	$(PYTEST) -m "not exhaustive" $(ARGS)

test-all: test exhaustive ## run every test

exhaustive: .venv/ready ## what `make test-all` runs besides `make test`: every case, and some of `make faults`
	$(PYTEST) -m exhaustive $(ARGS)
	PYTHONPATH=tests .venv/bin/python -m support.faults --runs 200

faults: .venv/ready ## break each call of the whole path in each way; nothing may be left (ARGS="--runs 500" for fewer)
	PYTHONPATH=tests .venv/bin/python -m support.faults $(ARGS)

stop: .venv/ready ## stop the sandbox that the notebooks share
	@.venv/bin/python -m helpers.sandbox stop
	@.venv/bin/python -m helpers.clean_up --left-behind

clean-up: .venv/ready ## delete what the tutorial made in your account, after a dry run and a question
	@.venv/bin/python -m helpers.clean_up $(ARGS)

outputs: .venv/ready ## run the notebooks and store what comes out (NOTEBOOKS=… for some of them)
	IAM_TUTORIAL_TARGET=private .venv/bin/jupyter-nbconvert --to notebook --execute --inplace $(ARGS) $(NOTEBOOKS)
	.venv/bin/python tools/clean_notebooks.py $(NOTEBOOKS)

site: .venv/ready ## build the tutorial as static files, in _site/: it runs in a browser alone (needs Node.js)
	.venv/bin/python tools/build_site.py $(ARGS)

bench: .venv/ready ## measure against plain moto and raw boto3
	.venv/bin/python benchmarks/bench.py $(ARGS)
	PYTHONPATH=tests .venv/bin/python benchmarks/site_in_a_browser.py

lint: .venv/ready ## check style and types, and that no secret is in a file
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports --no-logo
	.venv/bin/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	.venv/bin/python tools/clean_notebooks.py --check $(NOTEBOOKS)
	.venv/bin/python tools/find_secrets.py

COMPILE = .venv/bin/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links \
  --custom-compile-command 'make lock'

lock: .venv/ready ## write locks/ anew after a change of pyproject.toml (ARGS=--upgrade for the newest versions)
	$(COMPILE) --group setup --output-file locks/uv.txt $(ARGS)
	$(COMPILE) --group dev --extra lab --output-file locks/requirements.txt $(ARGS) pyproject.toml

clean: ## stop the sandbox and remove what was set up
	-@if [ -e .venv/ready ]; then $(MAKE) --no-print-directory stop; fi
	rm -rf .venv .sandbox _site .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache executed test-output
	rm -rf .jupyter/ipython .jupyter/lab .jupyter/migrated

# .venv/ready holds the folder that it was made in. It is there only when everything is: without it, or when .venv
# was moved or its Python is gone, .venv is made anew; when a lock has changed, only what differs is installed.
INTACT = [ -x .venv/bin/python ] && [ "$$(cat .venv/ready 2>/dev/null)" = "$(CURDIR)" ]

ifneq ($(shell $(INTACT) && echo yes),yes)
.PHONY: .venv/ready
endif

.venv/ready: locks/uv.txt locks/requirements.txt pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "Install Python 3.11 or newer: there is no $(PYTHON) here." >&2; exit 1; }
	@$(PYTHON) tools/check_python.py
	@echo "Setting up .venv (about half a minute the first time)"
	@$(INTACT) || $(PYTHON) -m venv --clear .venv
	@rm -f $@
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement locks/uv.txt
	@.venv/bin/uv pip sync --quiet --python .venv --require-hashes --compile-bytecode locks/requirements.txt
	@.venv/bin/uv pip install --quiet --python .venv --no-deps --offline --editable .
	@echo "$(CURDIR)" > $@
