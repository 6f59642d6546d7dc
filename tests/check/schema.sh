#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Holds records against docs/record.schema.json; TAP output.
# usage: schema.sh EMIT_SAMPLES [FILE...]	FILE: JSON lines of a real run
set -u

here=$(dirname "$0")
schema=$here/../../docs/record.schema.json
python=/usr/bin/python3
emit_samples=${1:?usage: schema.sh EMIT_SAMPLES [FILE...]}
shift
number=0
failed=0

# Debian's python3-jsonschema; without it there is nothing to say.
if ! "$python" -c 'import jsonschema' 2>/dev/null; then
	echo "1..0 # SKIP no python3-jsonschema"
	exit 0
fi

# report STATUS WHAT
report() {
	number=$((number + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $number - $2"
	else
		echo "not ok $number - $2"
		failed=1
	fi
}

samples=$(mktemp) || exit 1
trap 'rm -f "$samples"' EXIT

echo "1..$((5 + $#))"
"$emit_samples" >"$samples"
report $? "every type of record is printed"
"$python" "$here/schema.py" "$schema" <"$samples"
report $? "every record is valid"
"$python" "$here/schema.py" --refuse "$schema" <"$samples"
report $? "spoilt records are refused"
! head -n 1 "$samples" | head -c 100 | "$python" "$here/schema.py" "$schema" 2>/dev/null
report $? "a cut line is refused"
! { echo; cat "$samples"; } | "$python" "$here/schema.py" "$schema" 2>/dev/null
report $? "an empty line is refused"
for file in "$@"; do
	"$python" "$here/schema.py" "$schema" <"$file"
	report $? "$file is valid"
done
exit $failed
