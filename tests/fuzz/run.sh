#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Builds a libFuzzer target and runs it, starting from its corpus. TAP, one test.
# usage: run.sh TARGET.c SECONDS
# env: FUZZ_SEED=N	0 for another walk each time; what fails can be walked again
#      FUZZ_CORE=FOLDER	where the core is kept, compiled, for several targets
set -u
cd "$(dirname "$0")/../.." || exit 1

target=${1:?usage: run.sh TARGET.c SECONDS}
seconds=${2:?usage: run.sh TARGET.c SECONDS}
name=$(basename "$target" .c)
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT

core=${FUZZ_CORE:-$dir}

# small bounds, so that they are reached
compile="clang -std=gnu11 -D_GNU_SOURCE -g -O1 -fsanitize=address,undefined
	-fno-sanitize-recover=undefined -DJOIN_WAITING_MAX=64 -DFLOW_KEPT_MAX=8
	-DSTREAM_CONNS_MAX=6 -DSTREAM_QUEUE_BYTES_MAX=4096 -DSTREAM_BYTES_MAX=8192
	-DEXCHANGE_REQUESTS_MAX=8 -DEXCHANGE_BUFFERS_MAX=2 -Ibpf -Isrc/core -Isrc/core/base
	-Isrc/core/packet -Isrc/core/who -Isrc/core/request -Isrc/core/policy"

# Whoever comes first makes it, and the others wait.
make_core() {
	flock 9
	[ ! -e "$core/core.a" ] || return 0
	# shellcheck disable=SC2016
	printf '%s\n' src/core/*.c src/core/*/*.c | xargs -P 2 -I @ sh -c \
		"$(echo "$compile" | tr -d '\n') -fsanitize=fuzzer-no-link -c @ -o '$core'/\$(basename @ .c).o" &&
		ar rcs "$core/core.a" "$core"/*.o
} 9>"$core/lock"

echo 1..1
# shellcheck disable=SC2086
if ! { make_core && $compile -fsanitize=fuzzer "$target" "$core/core.a" -lfyaml -ljansson -lmd \
	-o "$dir/$name"; } >&2; then
	echo "not ok 1 - $name does not build"
	exit 1
fi
# what it finds new goes into a folder that is thrown away; the seeds stay
mkdir "$dir/found"
if "$dir/$name" -max_total_time="$seconds" -seed="${FUZZ_SEED:-1}" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
	-artifact_prefix="$dir/" "$dir/found" "tests/fuzz/corpus/${name#fuzz_}" >"$dir/log" 2>&1; then
	echo "# $(grep -o 'number_of_executed_units: .*' "$dir/log")"
	echo "ok 1 - $name found nothing in $seconds s"
else
	echo "not ok 1 - $name"
	tail -n 40 "$dir/log" >&2
	for found in "$dir"/crash-* "$dir"/timeout-* "$dir"/oom-* "$dir"/leak-*; do
		[ -e "$found" ] && base64 "$found" >&2
	done
	exit 1
fi
