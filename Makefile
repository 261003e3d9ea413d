# SPDX-License-Identifier: Apache-2.0
# The short commands. Each is one or two lines of meson: see CONTRIBUTING.md.

BUILD ?= build
export PATH := /usr/bin:/bin:/usr/sbin:/sbin:$(PATH)

.PHONY: build build-all test test-coverage clean fmt lint demo install bench deps fuzz

build: deps $(BUILD)/build.ninja
	ninja -C $(BUILD)

$(BUILD)/build.ninja:
	meson setup $(BUILD)

# Installs what is missing; quick and silent when nothing is.
deps:
	@data/install-deps build

build-all: build
	test -d build-debug || meson setup build-debug --buildtype=debug
	test -d build-sanitize || meson setup build-sanitize --buildtype=debug \
	  -Db_sanitize=address,undefined -Db_lundef=false
	ninja -C build-debug
	ninja -C build-sanitize

test:
	@data/install-deps build test
	$(MAKE) build
	meson test -C $(BUILD) --print-errorlogs

test-coverage:
	@data/install-deps build test lint
	test -d build-coverage || meson setup build-coverage --buildtype=debug -Db_coverage=true
	ninja -C build-coverage
	meson test -C build-coverage --print-errorlogs
	gcovr --root . --filter 'base/|policy/|audit/|netstack/|sandbox/' \
	  --print-summary build-coverage | tail -n 60

clean:
	rm -rf build build-debug build-sanitize build-coverage build-fuzz

fmt:
	git ls-files '*.c' '*.h' | xargs clang-format -i

lint:
	@data/install-deps lint
	git ls-files '*.c' '*.h' | xargs clang-format --dry-run --Werror
	mandoc -Tlint -Wwarning boundary.1
	shellcheck data/install-deps .ci/run tests/differential/run $$(git ls-files '*.sh')

demo:
	@data/install-deps build demo
	@test -x $(BUILD)/sandbox/boundary-ns || echo "Building, a minute or two the first time ..."
	@$(MAKE) --no-print-directory -s build >/dev/null
	@data/demo/run.sh $(BUILD)

install: build
	meson install -C $(BUILD) --no-rebuild

bench:
	@data/install-deps build bench
	$(MAKE) build
	QUICK=$(QUICK) tests/bench/run.sh $(BUILD)

fuzz: deps
	tests/fuzz/run $(or $(SECONDS),60)
