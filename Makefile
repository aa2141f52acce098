# Three commands do everything:
#   make demo    the whole loop on drawn data, in your browser
#   make test    every test, in the browser too
#   make dist    a folder that runs on a box with nothing else
# All install what they need into the cache folder first.

export WINDLASS_CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/windlass
# Outside the clone, so that a second clone builds in seconds.
export CARGO_TARGET_DIR ?= $(WINDLASS_CACHE)/target
# By its real path, which is the same from every clone: else each would build torch-sys anew.
CARGO = LIBTORCH=$$(readlink -f "$${LIBTORCH:-.libtorch}") cargo

.PHONY: demo test lint speed setup browser release dist clean

demo: release
	$(CARGO_TARGET_DIR)/release/windlass demo

test: setup browser
	$(CARGO) test --workspace --locked
	node --test tests/js/*.test.js
	node --test --test-concurrency=1 tests/browser/*.test.js

lint: libtorch
	cargo fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings

# How fast the editor is, as JSON: on a machine that does nothing else.
speed: libtorch browser
	$(CARGO) build --release --locked --package windlass --example annotate_fixture
	WINDLASS_FIXTURE=$(CARGO_TARGET_DIR)/release/examples/annotate_fixture node tests/browser/speed.mjs

# Everything that the programs need to run, besides themselves.
setup: libtorch
	$(CARGO) build --workspace --bins --locked
	engine/setup/weights.sh $(CARGO_TARGET_DIR)/debug/windlass-engine

release: libtorch
	$(CARGO) build --release --workspace --bins --locked
	engine/setup/weights.sh $(CARGO_TARGET_DIR)/release/windlass-engine

dist: release
	engine/setup/dist.sh $(CARGO_TARGET_DIR)/release

.PHONY: libtorch
libtorch:
	@engine/setup/libtorch.sh

browser:
	@tests/browser/setup.sh

clean:
	cargo clean
	rm -rf dist
