# The front door: `make help`. Everything happens in .venv and build/, which `make clean` removes.

PYTHON ?= python3
CC ?= cc
BIN := .venv/bin
SQL ?= select version(), 'héllo'::text, '[1,2,3]'::vector <-> '[3,2,1]'
TESTS ?= tests
SECONDS ?= 60
MINUTES ?= 5
STATEMENTS ?= 1000000
# Tests of what runs in the guest. Of them `make test` runs by wasm3 those marked `tiers`, `make test-long` the others.
GUEST = tests/engine tests/concurrency tests/processes tests/oracle tests/server tests/extensions tests/faults
# Which of all tests: with TESTS, all that it names.
only = $(if $(filter tests,$(TESTS)),-m "$(1)")
# The inner loop: the shape of the tree, and a little of each part.
CHECKS = tests/examples/test_docs.py tests/packaging/test_layers.py tests/packaging/test_package_layers.py \
	tests/engine/test_engine.py tests/engine/test_protocol_session.py tests/pglite/test_query.py \
	tests/pglite/test_transaction.py tests/server/test_conversation.py
# What is imported is compiled then.
PIP_INSTALL = pip install --quiet --disable-pip-version-check --no-compile
# More workers than the two processors of a small machine: many tests wait.
PYTEST = $(BIN)/python -m pytest -n 4 --dist loadfile
# The tests start a thousand Pythons, each of which would compile the package anew if the environment forbade to keep
# what was compiled. It is kept out of the tree.
export PYTHONDONTWRITEBYTECODE =
export PYTHONPYCACHEPREFIX = $(CURDIR)/build/pycache

C_FILES = $(shell find csrc tests bench -name '*.[ch]' -o -name '*.cpp' 2>/dev/null)
HOST_C = $(shell find csrc -name '*.c' -not -path 'csrc/polling/*' -not -path 'csrc/encoding/*' -not -path 'csrc/replication/*' -not -path 'csrc/client/*' -not -path 'csrc/cxx/*' -not -path 'csrc/libc/*' -not -path 'csrc/deflate/*')
PYTHON_H = $(shell $(BIN)/python -c "import sysconfig; print(sysconfig.get_path('include'))")

.PHONY: help build aot both run check test test-wasm3 test-aot test-long test-asan test-tsan fuzz torture soak compatibility bench \
	bench-peers suites conformance wheel wheels extension-wheels platforms dependencies upstream sdist dev lint docs format clean
.DEFAULT_GOAL := help

help: ## show this page
	@sed -n 's/^\([a-z0-9-]*\):[^#]*## /\1\t/p' Makefile | expand -t 18

build: .venv/ready ## fetch, link and compile, as far as something has changed
	@$(BIN)/python setup.py -q build_ext --inplace

aot: build ## also compile the guest ahead of time, many times faster than wasm3 (minutes, then cached)
	@$(BIN)/python -m tools.aot

# By environment, so that the shell never sees the statement.
run: export PGLITE_SQL = $(value SQL)
run: build ## answer one statement: make run SQL="select 1"
	@$(BIN)/python -m pglite_native sql --extension vector "$$PGLITE_SQL"

check: lint ## check style and run a few tests, in about a minute
	$(PYTEST) $(CHECKS)

# At once, as each leaves one of two processors idle.
both: .venv/ready
	@$(MAKE) --no-print-directory -j 2 build .venv/tools

test: test-aot test-wasm3 ## run the tests, by both tiers what they may differ in (some: TESTS=tests/engine)

# By what "auto" chooses, once it is there.
test-aot: both aot ## run the tests by the AOT tier
	PGLITE_NATIVE_TIER=auto $(PYTEST) $(call only,not long) $(TESTS)

test-wasm3: both ## run by wasm3, the reference, the tests of what the tiers may differ in
	PGLITE_NATIVE_TIER=wasm3 $(PYTEST) $(call only,tiers and not long) $(TESTS)

test-long: both aot ## run what `make test` leaves out: whole builds, other projects' suites, the rest by wasm3
	PGLITE_NATIVE_TIER=auto $(PYTEST) -m long
	PGLITE_NATIVE_TIER=wasm3 $(PYTEST) -m "long or not tiers" $(GUEST)
	PGLITE_NATIVE_SANITIZE=1 $(BIN)/python -m pytest -n 2 tests/wat

test-asan: build .venv/tools ## run the C tests under the address and undefined-behaviour sanitizers
	PGLITE_NATIVE_SANITIZE=1 $(BIN)/python -m pytest tests/c tests/polling tests/wat -k "not plain and not portable and not tsan"

test-tsan: build .venv/tools ## run the C tests in which threads meet under the thread sanitizer
	$(BIN)/python -m pytest tests/c -k tsan

fuzz: build .venv/tools ## fuzz every target, under the sanitizers (SECONDS=60 for all together): docs/FUZZING.md
	nice -n 10 $(BIN)/python -m tests.fuzz --seconds $(SECONDS)

compatibility: build .venv/tools ## run the tests of the clients, and write which did what: docs/COMPATIBILITY.md
	$(BIN)/python -m pytest -n 2 --dist loadfile --compatibility --heavy tests/clients

torture: aot .venv/tools ## kills, then power cuts, for MINUTES each: docs/RELIABILITY.md
	$(BIN)/python -m tests.torture kills --minutes $(MINUTES)
	$(BIN)/python -m tests.torture power --minutes $(MINUTES)

soak: aot .venv/tools ## many STATEMENTS in one process: memory, descriptors and maps have to stay flat
	$(BIN)/python -m tests.torture soak --count $(STATEMENTS)

bench: build .venv/tools ## measure; results go to bench/results/ (QUICK=1: in a minute)
	$(BIN)/python -m bench $(if $(QUICK),--quick)

bench-peers: aot .venv/tools ## measure beside PGlite on Node, py-pglite, native PostgreSQL (QUICK=1: little data)
	$(BIN)/python -m bench.against $(if $(QUICK),--quick)

suites: build .venv/tools ## run SQLAlchemy's dialect test suite on our databases; results go to bench/results/
	$(BIN)/python -m bench.sqlalchemy_suite

conformance: aot .venv/tools ## run PostgreSQL's own isolation and regression tests, and write docs/CONFORMANCE.md
	$(BIN)/python -m bench.conformance

wheel: export PGLITE_NATIVE_BUILD_AOT = 1
wheel: .venv/tools ## make the wheel, with the AOT tier, and beside it those it depends on: dist/
	rm -rf dist/*.whl build/wheel build/setuptools/lib* build/setuptools/bdist*
	$(BIN)/python -m build --no-isolation --wheel --outdir build/wheel
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/auditwheel repair --strip --wheel-dir dist build/wheel/*.whl
	$(BIN)/pip download --quiet --only-binary :all: --dest dist cffi scramp

wheels: build .venv/tools ## make the wheels of all platforms on this one, by zig, and check them (hours; NAMES=: some): dist/
	$(BIN)/python -m tools.wheels $(NAMES)

extension-wheels: aot .venv/tools ## make wheels of PGlite's published extensions for all platforms (NAMES=: some): dist/
	$(BIN)/python -m tools.wheels.extensions $(NAMES)

platforms: .venv/tools ## try the wheels in dist/ wherever that can be done here, and write docs/PLATFORMS.md
	$(BIN)/python -m tests.platforms $(NAMES)

dependencies: build .venv/tools ## run tests with the oldest, then the newest versions that pyproject.toml allows
	$(BIN)/python -m tests.dependencies oldest
	$(BIN)/python -m tests.dependencies newest

upstream: build .venv/tools ## try another VERSION of PGlite in a clone, and say what changed (AGAIN=1: in the clone as it is)
	$(BIN)/python -m tools.renewal $(if $(AGAIN),--again) $(VERSION) $(if $(filter tests,$(TESTS)),,$(TESTS))

sdist: .venv/tools ## make the source distribution, which builds offline: dist/
	$(BIN)/python -m build --no-isolation --sdist --outdir dist

dev: .venv/tools ## install into .venv as an editable package
	$(BIN)/pip install --no-build-isolation --editable .

lint: build .venv/tools ## check style, types and C warnings
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/clang-format --dry-run --Werror $(C_FILES)
	$(CC) -std=gnu11 -Wall -Wextra -Werror -fsyntax-only -Icsrc -isystem build/vendor/wasm3 -isystem build/vendor/xxhash -isystem build/vendor/zstd -isystem $(PYTHON_H) $(HOST_C)
	$(BIN)/python -m tools.wheels.warnings

docs: build .venv/tools ## write the generated pages: docs/REFERENCE.md, and the tables of docs/ARCHITECTURE.md
	$(BIN)/python -m tools.architecture
	$(BIN)/python -m tools.reference

format: .venv/tools ## lay the sources out as `make lint` wants them
	$(BIN)/ruff check --fix --quiet
	$(BIN)/ruff format
	$(BIN)/clang-format -i $(C_FILES)

clean: ## remove everything that was made
	rm -rf .venv build dist examples/workerd/build examples/workerd/node_modules *.egg-info pglite_native/resources pglite_native/_*.so

.venv/ready: $(addprefix tools/requirements-,make.txt build.txt aot.txt)
	$(PYTHON) -m venv .venv
	$(BIN)/$(PIP_INSTALL) -r $<
	@touch $@

.venv/tools: .venv/ready tools/requirements-dev.txt tests/requirements.txt
	$(BIN)/$(PIP_INSTALL) -r tools/requirements-dev.txt
	@touch $@
