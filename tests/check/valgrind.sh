#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The program itself under valgrind, to its end: no error, no leak. TAP.
set -u
cd "$(dirname "$0")/../.." || exit 1

number=0 failed=0
errors=$(mktemp) || exit 1
trap 'rm -f "$errors"' EXIT

# clean WHAT ARGUMENT...
clean() {
	number=$((number + 1))
	what=$1
	shift
	if valgrind -q --vgdb=no --leak-check=full --show-leak-kinds=definite,indirect,possible \
		--errors-for-leak-kinds=definite,indirect,possible --error-exitcode=99 \
		--suppressions=tests/check/libbpf.supp \
		build/sock-filter "$@" >/dev/null 2>"$errors"; [ $? -ne 99 ]; then
		echo "ok $number - $what"
	else
		echo "not ok $number - $what"
		grep '==' "$errors" >&2
		failed=1
	fi
}

echo 1..4
clean "watch, as text" --duration 2 --decisions all
clean "watch, as JSON, on one interface" --duration 2 --json -i lo
clean "check" check
clean "a configuration full of errors" check -c tests/fuzz/corpus/config/indent.yml
exit $failed
