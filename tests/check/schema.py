# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Validates JSON lines against a JSON Schema; reads standard input.

usage: schema.py SCHEMA          every line must be valid
       schema.py --refuse SCHEMA every line of the built-in bad samples, made
                                 from the good ones on standard input, must not
"""
import copy
import json
import sys

import jsonschema

REMOVED = object()

# What is done to the first good record of a type, by the path of keys.
BAD = [
    ("packet", ["colour"], "red", "a key that is not known"),
    ("packet", ["owner", "pids"], [1], "a key of the owner that is not known"),
    ("packet", ["owner", "started"], REMOVED, "a pid without its start"),
    ("packet", ["owner", "pid"], REMOVED, "a start without its pid"),
    ("packet", ["owner", "argv"], "curl", "arguments as one string"),
    ("packet", ["owner", "source"], "guess", "a source that is not known"),
    ("packet", ["owner", "container"], {}, "a container without an id"),
    ("packet", ["owner", "parents"], [], "an empty list of parents"),
    ("packet", ["owner", "sender"], {"source": "connect"}, "a sender without a pid"),
    ("packet", ["schema"], 2, "another schema"),
    ("packet", ["type"], "parcel", "a type that is not known"),
    ("packet", ["type"], "alive", "a packet that calls itself alive"),
    ("packet", ["seq"], -1, "a negative number"),
    ("packet", ["seq"], "7", "a number as a string"),
    ("packet", ["ts"], "2026-11-22T12:41:09.123456Z", "microseconds"),
    ("packet", ["ts"], "2026-11-22T12:41:09.123456789+01:00", "another time zone"),
    ("packet", ["ts"], "2026-13-22T12:41:09.123456789Z", "a thirteenth month"),
    ("packet", ["host"], REMOVED, "no host"),
    ("packet", ["owner"], REMOVED, "no owner"),
    ("packet", ["owner", "uid"], REMOVED, "a user without a uid"),
    ("packet", ["owner", "uid"], 2**32, "a uid beyond 32 bits"),
    ("packet", ["owner", "kind"], "kernel", "a kernel with a uid"),
    ("packet", ["owner", "lost"], True, "a user that was lost"),
    ("packet", ["direction"], "none", "no direction by a word"),
    ("packet", ["dport"], REMOVED, "one port of two"),
    ("packet", ["dport"], 65536, "a port beyond 16 bits"),
    ("packet", ["dst"], "169.254.169.256", "a bad address"),
    ("packet", ["proto"], "udp", "UDP with TCP flags"),
    ("packet", ["proto"], "300", "a protocol beyond 8 bits"),
    ("packet", ["tcp_flags"], "SYN ACK", "flags without a comma"),
    ("packet", ["icmp_type"], 8, "TCP with an ICMP type"),
    ("packet", ["marks"], [], "an empty list of marks"),
    ("packet", ["marks"], ["pretty"], "a mark that is not known"),
    ("packet", ["endpoints"], ["imdsv2"], "a list of one endpoint"),
    ("packet", ["decision"], 1, "another decision"),
    ("packet", ["decision"], True, "a decision as a boolean"),
    ("start", ["hooks", 0, "attached"], "yes", "a boolean as a string"),
    ("start", ["counters"], {}, "counters at the start"),
    ("alive", ["hooks"], REMOVED, "alive without hooks"),
    ("alive", ["uptime_s"], 1.5, "half a second"),
    ("alive", ["counters", "seen"], REMOVED, "a counter that is missing"),
    ("summary", ["counters", "surprises"], 1, "a counter that is not known"),
    ("loss", ["hooks"], [], "hooks in a loss"),
]


def spoil(record, path, value):
    spoilt = copy.deepcopy(record)
    place = spoilt
    for key in path[:-1]:
        place = place[key]
    if value is REMOVED:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return spoilt


def unique_keys(pairs):
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a key stands twice")
    return dict(pairs)


def check_line(validator, number, line):
    try:
        record = json.loads(line.decode("utf-8"), object_pairs_hook=unique_keys)
    except ValueError as error:
        return f"line {number}: {error}"
    error = jsonschema.exceptions.best_match(validator.iter_errors(record))
    return error and f"line {number}: {error.message} in {line[:200]!r}"


def check_lines(validator, data):
    if not data.endswith(b"\n"):
        print("the last line has no end", file=sys.stderr)
        return False
    lines = data[:-1].split(b"\n")
    errors = [error for i, line in enumerate(lines, 1) if (error := check_line(validator, i, line))]
    for error in errors[:10]:
        print(error, file=sys.stderr)
    return not errors


def check_refusals(validator, data):
    good = {}
    for line in data.splitlines():
        record = json.loads(line)
        good.setdefault(record["type"], record)
    accepted = [why for kind, path, value, why in BAD
                if validator.is_valid(spoil(good[kind], path, value))]
    for why in accepted:
        print(f"accepted: {why}", file=sys.stderr)
    return not accepted


def main():
    refuse = sys.argv[1:2] == ["--refuse"]
    with open(sys.argv[-1], encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    check = check_refusals if refuse else check_lines
    sys.exit(0 if check(validator, sys.stdin.buffer.read()) else 1)


main()
