#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Every header of core, edge, sink and cmd compiles alone; core needs no other room. TAP.
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

for header in bpf/abi.h src/core/*.h; do
	compiles "$header" "-I. -Ibpf -Isrc/core"
done
for header in src/sink/*.h; do
	compiles "$header" "-I. -Ibpf -Isrc/core -Isrc/sink"
done
for header in src/edge/*.h src/cmd/*.h; do
	compiles "$header" "-I. -Ibpf -Isrc/core -Isrc/sink -Isrc/edge -isystem build/bpf"
done
echo "1..$number"
exit $failed
