#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The documents say what the program does: options, keys, signals, capabilities,
# counters and record types are the same on both sides, and the files and tests
# that they name exist. TAP.
set -u
cd "$(dirname "$0")/../.." || exit 1

program=${SOCK_FILTER:-build/sock-filter}
pages=build/man
number=0 failed=0
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT

# judge NAME COMMAND...: fails when the command has something to say, and shows it.
judge() {
	number=$((number + 1))
	name=$1
	shift
	"$@" >"$dir/said" 2>&1
	if [ ! -s "$dir/said" ]; then
		echo "ok $number - $name"
	else
		echo "not ok $number - $name"
		sed 's/^/# /' "$dir/said"
		failed=1
	fi
}

# Without the fonts and escapes of roff.
plain() {
	sed -e 's/\\f[BIRP]//g' -e 's/\\&//g' -e 's/\\//g' "$1"
}

# Long options, one a line.
options_in() {
	grep -oE -e '(^|[^A-Za-z0-9_-])--[a-z][a-z-]*' | grep -oE -e '--[a-z-]+' | sort -u
}

# absent_from FILE: the words of standard input that do not stand in FILE as words.
absent_from() {
	while read -r word; do
		grep -qE -e "(^|[^A-Za-z0-9_-])$word([^A-Za-z0-9_-]|$)" "$1" || echo "$word is missing"
	done
}

readme() {
	lines=$(wc -l <README.md)
	[ "$lines" -le 100 ] || echo "README.md has $lines lines, 100 are allowed"
	for command in 'sudo make demo' 'sudo make test'; do
		head -n 25 README.md | grep -qF "$command" ||
			echo "\"$command\" is not in the first 25 lines"
	done
}

keys() {
	sed -n 's/^[[:space:]]*\[KEY_[A-Z]*\] = {"\([a-z]*\)".*/\1/p' src/core/policy/config*.c
	echo endpoints
}

schema_words() {
	python3 - docs/record.schema.json <<-'END'
		import json, sys
		defs = json.load(open(sys.argv[1]))["$defs"]
		for name in defs["counters"]["properties"]:
		    print(name)
		for record in defs.values():
		    kind = record.get("properties", {}).get("type")
		    for name in (kind or {}).get("enum", [kind.get("const")] if kind else []):
		        print(name)
		for name in (n for r in defs if r.endswith("_record") for n in defs[r]["properties"]):
		    print(name)
		for variant in defs["owner"]["oneOf"]:
		    for key, value in variant["properties"].items():
		        print(key)
		        for word in value.get("enum", []):
		            print(word)
	END
}

warnings() {
	for page in sock-filter.8 sock-filter.yml.5; do
		LC_ALL=C.UTF-8 man --warnings -l -Tutf8 "$pages/$page" >/dev/null
	done
}

# Every text file of the project but for this one, which has to name the words.
sources() {
	if command -v git >/dev/null && git -c safe.directory="$PWD" rev-parse >/dev/null 2>&1; then
		git -c safe.directory="$PWD" ls-files -co --exclude-standard
	else
		find . -type f ! -path './.git/*' ! -path './build*'
	fi | grep -v 'tests/check/docs\.sh$'
}

# C tests in backticks. A unit test's name is a sentence; other words in backticks are not
# that long. A shell test is named by its file.
named_tests() {
	grep -oE '`(test_[a-z0-9_]+|[a-z0-9]+(_[a-z0-9]+){3,})`' SECURITY.md CONTRIBUTING.md DESIGN.md |
		tr -d '`' | grep -v ':bpf_' | while IFS=: read -r doc name; do
		grep -qrE "unit_test[a-z_]*\($name[,)]|TEST\($name\)|with_[a-z]+\($name\)|on_[a-z]+\($name\)" \
			--include='*.c' tests || echo "$doc names $name, which is no test"
	done
}

# In tables of tests the folder stands once, the files without their ending.
listed_bats() {
	sed -n '/^| `tests\/netns`/,/^$/s/^| `\([a-z0-9_ ]*\)`.*/\1/p' CONTRIBUTING.md | tr ' ' '\n' |
		while read -r name; do
			[ -f "tests/netns/$name.bats" ] || echo "tests/netns/$name.bats does not exist"
		done
}

# The names of tests are the first cells of docs/visibility.md; tests whose name begins with a
# small "all" are about what they have in common.
visibility() {
	python3 tests/netns/visibility.py rows docs/visibility.md | sort >"$dir/rows"
	[ "$(wc -l <"$dir/rows")" -ge 70 ] || echo "too few rows found in docs/visibility.md"
	sort -u "$dir/rows" >"$dir/row_names"
	sed -n 's/^@test "\(.*\)" {.*/\1/p' tests/netns/visibility.bats | sed 's/\\`/`/g' |
		grep -v '^all ' | sort >"$dir/row_tests"
	comm -23 "$dir/row_names" "$dir/row_tests" | sed 's/$/: a row without a test/'
	comm -13 "$dir/row_names" "$dir/row_tests" | sed 's/$/: a test without a row/'
}

# The same for docs/clients.md.
clients() {
	sed -nE '/^\| (test|---)/d; s/^\| ([^|]*) \|.*/\1/p' docs/clients.md | sort >"$dir/client_rows"
	[ "$(wc -l <"$dir/client_rows")" -ge 30 ] || echo "too few rows found in docs/clients.md"
	sed -n 's/^@test "\(.*\)" {.*/\1/p' tests/netns/clouds.bats tests/netns/clients.bats |
		grep -v '^all ' | sort |
		diff "$dir/client_rows" -
	jq -r '.dependencies | to_entries[] | "\(.key) \(.value)"' tests/netns/clients/package.json |
		while read -r name version; do
			grep -qF "| $name $version (npm) |" docs/clients.md ||
				echo "docs/clients.md does not have $name $version"
		done
}

# Every promise has a test: one file, or one name of a test, or what stands for it.
promises() {
	sed -n '/^| promise/,/^$/p' SECURITY.md | grep -vE '^\|(---| promise| \*)' |
		grep '^|' >"$dir/promises"
	[ "$(wc -l <"$dir/promises")" -ge 20 ] || echo "too few promises found in SECURITY.md"
	grep -vE '\| [^|]*`[^`]+`[^|]*\|$' "$dir/promises" | sed 's/$/ names no test/'
}

signals() {
	# the demo's are its own
	find src/cmd -name '*.c' ! -name 'demo*' -exec grep -hoE 'signals\[\] = \{[^}]*' {} + |
		grep -oE 'SIG[A-Z0-9]+' >"$dir/signals"
	[ -s "$dir/signals" ] || echo "no signals found in src/cmd"
	absent_from "$dir/page8" <"$dir/signals"
}

capabilities() {
	grep -oE '"cap_[a-z_]+"' src/edge/privilege.c | tr -d '"' >"$dir/capabilities"
	[ -s "$dir/capabilities" ] || echo "no capabilities found in src/edge/privilege.c"
	absent_from "$dir/page8" <"$dir/capabilities"
	absent_from README.md <"$dir/capabilities"
}

# The words of the column WHAT, "pass -1" and the like, by their letters.
verdicts() {
	sed -n '/what_of(/,/^}/p' src/sink/text.c | grep -oE '"[a-z]+ *[-0-9]*"' | tr -d '"' >"$dir/verdicts"
	[ -s "$dir/verdicts" ] || echo "no words found in src/sink/text.c"
	while read -r word; do
		grep -qF -- "$word" man/sock-filter.8.scd || echo "$word is missing in sock-filter(8)"
		grep -qF -- "$word" README.md || echo "$word is missing in README.md"
	done <"$dir/verdicts"
}

# Words of the workshop, which mean nothing to who reads the result.
workshop() {
	sources | while read -r file; do
		[ -f "$file" ] && grep -nHIiE -e '\.\./shared|(^|[^A-Za-z])/work/|issue #' "$file"
	done
	# in prose; a program may well have to speak of somebody's session
	sources | grep -E '\.(md|scd|yml)$' | while read -r file; do
		[ -f "$file" ] && grep -nHiwE -e 'sessions?' "$file"
	done
}

# Files in backticks or links; only words with a slash or a known ending are files.
named_files() {
	for doc in *.md; do
		{
			grep -oE '`[A-Za-z0-9_./-]+`' "$doc" | tr -d '`'
			grep -oE '\]\([^)#]+\)' "$doc" | sed 's/^](//; s/)$//'
		} | grep -vE '^(https?:|/)' |
			grep -E '^(bpf|src|tests|conf|man|docs|dist)/|\.(md|sh|yml|json|[ch])$|^LICENSE$' |
			sort -u | while read -r file; do
			[ -e "$file" ] || [ -n "$(find bpf src tests -name "$file" 2>/dev/null)" ] ||
				echo "$doc names $file, which does not exist"
		done
	done
}

options() {
	absent_from "$dir/page8" <"$dir/options"
	options_in <"$dir/page8" | comm -23 - "$dir/options" | sed 's/$/ is no option/'
}

all_keys() {
	keys >"$dir/keys"
	[ "$(wc -l <"$dir/keys")" -ge 7 ] || echo "too few keys found in src/core"
	absent_from "$dir/page5" <"$dir/keys"
	absent_from conf/sock-filter.yml <"$dir/keys"
	absent_from README.md <"$dir/keys"
}

all_words() {
	schema_words | sort -u >"$dir/words"
	[ "$(wc -l <"$dir/words")" -ge 40 ] || echo "too few words found in the schema"
	absent_from "$dir/page8" <"$dir/words"
}

# Whoever checked it out owns it, and what runs here may not be able to watch: that is no
# matter of its content.
valid() {
	"$program" check -c "$1" 2>"$dir/errors" >"$dir/checked"
	grep -q "^$1: ok, " "$dir/checked" || echo "$1 is refused"
	grep '^'"$1"':' "$dir/errors"
}

for command in watch check demo; do
	"$program" "$command" --help || exit 1
done >"$dir/help"
"$program" --help >>"$dir/help" || exit 1
options_in <"$dir/help" >"$dir/options"
# the short example is a file of its own
sed -n '/^endpoints:/,/^```/p' README.md | grep -v '^```' >"$dir/example.yml"

judge "the README is short and begins with the two commands" readme
if [ -r "$pages/sock-filter.8" ] && [ -r "$pages/sock-filter.yml.5" ]; then
	plain "$pages/sock-filter.8" >"$dir/page8"
	plain "$pages/sock-filter.yml.5" >"$dir/page5"
	judge "sock-filter(8) has the program's options, and no other" options
	judge "sock-filter.yml(5), the example and the README have every key" all_keys
	judge "sock-filter(8) has every record type, field and counter" all_words
	judge "sock-filter(8) has every signal" signals
	judge "sock-filter(8) and the README have every capability" capabilities
	judge "sock-filter(8) and the README have the words for decisions" verdicts
	if command -v man >/dev/null; then
		judge "man(1) warns of nothing" warnings
	else
		number=$((number + 1))
		echo "ok $number - man(1) warns of nothing # SKIP no man here"
	fi
else
	judge "the manual pages are built" echo "not in $pages: building them takes scdoc"
fi
judge "conf/sock-filter.yml is valid" valid conf/sock-filter.yml
judge "the README's example is valid" valid "$dir/example.yml"
judge "every file that the documents name exists" named_files
judge "every test that the documents name exists" named_tests
judge "every network test that is listed exists" listed_bats
judge "docs/visibility.md has a row for each of its tests, and no other" visibility
judge "docs/clients.md has a row for each of its tests, and the versions of its clients" clients
judge "every promise of SECURITY.md names what holds it" promises
judge "no word of the workshop in any file" workshop
echo "1..$number"
exit $failed
