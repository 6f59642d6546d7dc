#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Every C file is as clang-format 14 leaves it, and names its licence. TAP.
set -u
cd "$(dirname "$0")/../.." || exit 1

files=$(find bpf src tests \( -name '*.c' -o -name '*.h' \))
failed=0
echo 1..2
# other versions disagree about details
if ! clang-format --version | grep -q 'version 14\.'; then
	echo "ok 1 - formatting # SKIP no clang-format 14"
elif clang-format --dry-run --Werror $files; then
	echo "ok 1 - formatting"
else
	echo "not ok 1 - formatting; make fmt mends it"
	failed=1
fi
nameless=$(find bpf src tests dist conf man -type f ! -path '*/corpus/*' ! -name '*.pyc' \
	! -name package-lock.json 	-exec grep -L 'SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause' {} +)
if [ -z "$nameless" ]; then
	echo "ok 2 - every file names its licence"
else
	echo "not ok 2 - no licence named in:" $nameless
	failed=1
fi
exit $failed
