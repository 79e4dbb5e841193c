# The template's tasks; `make help` lists them.

GENERATED := {{cookiecutter.project_slug}}
PACKAGES := '$(GENERATED)/src' '$(GENERATED)/kit/src'
VENV := .venv
PYTHON := $(VENV)/bin/python
# The machine's uv, or one of this repository's own: system Pythons refuse packages.
UV := $(or $(shell uv --version >/dev/null 2>&1 && command -v uv),.uv/bin/uv)
INSTALL := env -u PYTHONDONTWRITEBYTECODE $(UV) pip sync --quiet --python $(PYTHON) \
	--require-hashes --compile-bytecode
CERTIFICATES := $(firstword $(PIP_CERT) $(SSL_CERT_FILE) $(wildcard \
	/etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem))

# The system's certificates, so that a company's proxy is trusted (older uv: the second name).
export UV_SYSTEM_CERTS := 1
export UV_NATIVE_TLS := 1
# What the machine's own Python and packages need has pip and uv install elsewhere, or nothing.
export PIP_USER := 0
export PIP_REQUIRE_VIRTUALENV := 0
unexport VIRTUAL_ENV PYTHONHOME PYTHONPATH PIP_TARGET PIP_PREFIX PIP_ROOT PIP_PYTHON PIP_DRY_RUN \
	PIP_REQUIRE_HASHES UV_REQUIRE_HASHES UV_NO_EDITABLE UV_WORKING_DIRECTORY

.DEFAULT_GOAL := help
# The project to compare, from the command line alone.
PROJECT :=
.PHONY: help demo compare test test-slow docs lint format lock manifest clean

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s%s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.tools ## Generate a project into build/, run its whole pipeline, show what it reached
	$(PYTHON) tools/demo.py

compare: $(VENV)/.tools ## Hold a project against what would be generated today (PROJECT=path, ARGS=--json)
	@$(PYTHON) tools/compare.py "$(PROJECT)" $(ARGS)

test: $(VENV)/.projects ## Generate every option and test the results
	$(PYTHON) -m pytest -n 2 --dist worksteal -m "not slow"

test-slow: $(VENV)/.projects ## The tests that take minutes each
	$(PYTHON) -m pytest -n 2 --dist worksteal -m slow

docs: $(VENV)/.tools ## Build the documents as a site, build/site/index.html
	NO_MKDOCS_2_WARNING=1 $(PYTHON) -m mkdocs build --quiet

lint: $(VENV)/.projects ## Check style, formatting and the kit's types, before anything is rendered
	$(PYTHON) -m ruff check
	$(PYTHON) -m ruff format --check
	$(PYTHON) -m ruff check --no-cache --ignore N999 $(PACKAGES)
	$(PYTHON) -m ruff format --no-cache --check $(PACKAGES)
	cd '$(GENERATED)/kit' && $(CURDIR)/$(PYTHON) -m mypy --cache-dir '$(CURDIR)/.mypy_cache'

format: $(VENV)/.tools ## Format the same code and repair what can be repaired
	$(PYTHON) -m ruff check --fix
	$(PYTHON) -m ruff format
	$(PYTHON) -m ruff check --no-cache --fix --ignore N999 $(PACKAGES)
	$(PYTHON) -m ruff format --no-cache $(PACKAGES)

lock: $(VENV)/.tools ## Write both lock files anew (UPGRADE=1: newest versions)
	$(PYTHON) tools/lock.py --uv $(UV) $(if $(UPGRADE),--upgrade)

manifest: $(VENV)/.tools ## Write the kit's manifest (CHANGED="data/near.py": with other results)
	$(PYTHON) tools/manifest.py $(CHANGED)

clean: ## Remove what the other commands made
	rm -rf build .venv .uv .mypy_cache .pytest_cache .ruff_cache .hypothesis

# One environment: the template's tools for the demo, and every project's packages for the tests.
$(VENV)/.tools: requirements.lock | $(UV)
	[ -x $(PYTHON) ] || { rm -rf $(VENV) && $(UV) venv --quiet --python '>=3.11,<3.14' $(VENV); }
	$(INSTALL) requirements.lock
	@rm -f $(VENV)/.projects
	@touch $@

$(VENV)/.projects: $(VENV)/.tools $(GENERATED)/requirements.lock
	$(INSTALL) requirements.lock '$(GENERATED)/requirements.lock'
	@touch $@

.uv/bin/uv:
	( python3 -m venv .uv && PIP_CERT=$(CERTIFICATES) .uv/bin/python -m pip install --quiet uv ) \
		|| PIP_CERT=$(CERTIFICATES) python3 -m pip install --quiet --target .uv uv \
		|| { echo "No uv and no way to get it: install uv, or python3-venv." >&2; exit 1; }
