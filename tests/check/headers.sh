#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Every header of core, edge, sink and cmd compiles alone; no room needs more than it
# may know. TAP.
set -u
cd "$(dirname "$0")/../.." || exit 1

number=0 failed=0
compiles() {
	number=$((number + 1))
	if echo "#include \"$1\"" | ${CC:-cc} -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror \
		-fsyntax-only $2 -x c -; then
		echo "ok $number - $1 compiles alone"
	else
		echo "not ok $number - $1 does not compile alone"
		failed=1
	fi
}

# room FOLDER OTHER...: its headers, with those of the other folders within reach
room() {
	reach="-I. -Ibpf -isystem build/bpf"
	for folder; do
		reach="$reach -Isrc/$folder"
	done
	for header in "src/$1"/*.h; do
		compiles "$header" "$reach"
	done
}

compiles bpf/abi.h -I.
core="core core/base core/packet core/who core/request core/policy"
room core/base
room core/packet core/base
room core/who core/base
room core/request core/base core/packet core/who
room core/policy core/base core/who core/request
# shellcheck disable=SC2086
room $core
# shellcheck disable=SC2086
room sink $core
# shellcheck disable=SC2086
room edge $core
# shellcheck disable=SC2086
room cmd edge sink $core
echo "1..$number"
exit $failed
