BIN = .venv/bin/
.PHONY: run quick test lint types style graph docs bench serve

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
bench: .venv/installed
	$(BIN)python -m bench
serve: .venv/installed
	$(BIN)citygraph serve .
.venv/installed: pyproject.toml
	python3 -m venv .venv
	$(BIN)python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	touch .venv/installed
.ckan/installed: tests/publish/ckan.txt
	python3 -m venv .ckan
	.ckan/bin/python -m pip install --quiet --disable-pip-version-check -r tests/publish/ckan.txt
	touch .ckan/installed
