BIN = .venv/bin/
.PHONY: run quick test lint types style graph docs pictures bench serve lock

run: .venv/installed
	$(BIN)citygraph build .
	$(BIN)citygraph query norwegian-participants --cite
	$(BIN)citygraph query network-presidents --cite
	$(BIN)citygraph query thematic-areas --network Eurocities --cite
	@echo
	@echo "Next: $(BIN)citygraph query            all questions"
	@echo "      $(BIN)citygraph new my-city      a graph of your own"
	@echo "      $(BIN)citygraph --help           everything else; the tutorial is docs/tutorial.md"
# Programs that need one core each go side by side; the tests are two workers (pyproject.toml).
BESIDE = --no-print-directory --jobs=2 --output-sync=target
# What starts no process and takes no time of its own.
quick: .venv/installed
	@$(MAKE) $(BESIDE) types style
	$(BIN)pytest -m "not slow" -q --processor-time
test: .venv/installed
	@$(MAKE) $(BESIDE) types docs style graph
	$(BIN)pytest --processor-time
lint: .venv/installed
	@$(MAKE) $(BESIDE) types style graph
types:
	$(BIN)mypy
style:
	$(BIN)ruff check . && $(BIN)ruff format --check . && $(BIN)lint-imports
graph:
	$(BIN)citygraph check . && $(BIN)citygraph format --check .
docs: .venv/installed
	$(BIN)cog --check -r README.md CONTRIBUTING.md docs/*.md docs/*/*.md
	$(BIN)mkdocs build --strict
# The pictures of docs/first-memo.md, of the desk as it is; they are not kept in git.
pictures: .venv/installed
	CITYGRAPH_PICTURES=$(CURDIR)/docs/pictures $(BIN)pytest -n0 -q tests/web/test_first_memo.py
bench: .venv/installed
	$(BIN)python -m bench
serve: .venv/installed
	$(BIN)citygraph serve .
# What a release is installed from: its wheel, and a file that names it and every package it needs, each with the hashes of its
# files on any platform. It asks the package index which there are, so it needs the network. Nothing of it is committed.
VERSION = $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
LOCK = citygraph-$(VERSION).lock.txt
WHEEL = citygraph-$(VERSION)-py3-none-any.whl
EXTRAS = duckdb ckan re2 xlsx read office
lock: .venv/installed .lock/installed
	mkdir -p dist && rm -f dist/$(LOCK)
	$(BIN)python -m build --wheel --no-isolation --outdir dist
	.lock/bin/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		$(EXTRAS:%=--extra %) --output-file dist/$(LOCK)
	cd dist && echo "./$(WHEEL) --hash=sha256:$$(sha256sum $(WHEEL) | cut -d ' ' -f 1)" >> $(LOCK)
	cd dist && sha256sum $(WHEEL) $(LOCK) > SHA256SUMS
	@echo "Give both files of dist/ with the release: $(WHEEL) and $(LOCK)"
.lock/installed:
	python3 -m venv .lock
	.lock/bin/python -m pip install --quiet --disable-pip-version-check 'uv>=0.5'
	touch .lock/installed
.venv/installed: pyproject.toml
	python3 -m venv .venv
	$(BIN)python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	touch .venv/installed
.ckan/installed: tests/publish/ckan.txt
	python3 -m venv .ckan
	.ckan/bin/python -m pip install --quiet --disable-pip-version-check -r tests/publish/ckan.txt
	touch .ckan/installed
