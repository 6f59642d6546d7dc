# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The words that people type; Meson does the work.
BUILD ?= build
PREFIX ?= /usr/local

.PHONY: all demo test test-kernels ci check install fmt deps deps-kernels deps-clients clean

all: $(BUILD)/build.ninja
	ninja -C $(BUILD)

$(BUILD)/build.ninja:
	meson setup $(BUILD)

demo: deps all
	$(BUILD)/sock-filter demo

# Everything, with what it needs installed first; ends with "N passed, N failed".
test: deps deps-clients all
	tests/run all

# The tests that a kernel may change, in stock kernels under QEMU.
test-kernels: deps-kernels all
	tests/run kernels

# Both, with one sum.
ci: deps-kernels deps-clients all
	tests/run all kernels

# What needs no root: formatting, headers, both compilers, sanitizers, unit tests, schema.
check: all
	tests/run check

install: all
	PREFIX=$(PREFIX) DESTDIR=$(DESTDIR) dist/install.sh $(BUILD)

fmt:
	clang-format -i $$(git ls-files '*.c' '*.h')

deps:
	dist/deps.sh

deps-kernels:
	dist/deps.sh kernels

# Other people's clients, for some of the tests; one that cannot be had is no failure.
deps-clients:
	dist/deps.sh clients

clean:
	rm -rf build build-*
