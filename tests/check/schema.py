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
    ("start", ["cloud"], "", "a cloud that is empty"),
    ("start", ["cloud"], "aws-ec2", "a cloud that is not known"),
    ("reload", ["cloud"], ["aws"], "a list of clouds"),
    ("alive", ["cloud"], "aws", "a cloud in a heartbeat"),
    ("summary", ["requests_others"], REMOVED, "a tally without its rest"),
    ("summary", ["requests"], REMOVED, "the rest of no tally"),
    ("summary", ["requests", 0, "n"], REMOVED, "a row of the tally that counts nothing"),
    ("summary", ["requests", 0, "n"], -2, "a row that counts backwards"),
    ("summary", ["requests", 0, "class"], REMOVED, "a row without a class"),
    ("summary", ["requests", 0, "version"], "v3", "a row of a third version"),
    ("summary", ["requests", 0, "pid"], 4121, "a row of one process"),
    ("counters", ["requests", 0, "cloud"], "", "a row with an empty cloud"),
    ("packet", ["version"], "v1", "a packet with a version"),
    ("request", ["token"], "AQAE", "a key that could be a secret"),
    ("request", ["credential", "secret"], "wJalr", "a secret of the credential"),
    ("request", ["credential"], {}, "an empty credential"),
    ("request", ["answer", "body"], "{}", "the answer's body"),
    ("request", ["answer"], REMOVED, "no word of an answer"),
    ("request", ["answer", "state"], REMOVED, "an answer without its state"),
    ("request", ["answer", "state"], "perhaps", "a state that is not known"),
    ("request", ["answer", "status"], 0, "the status 0"),
    ("request", ["answer", "status"], REMOVED, "the length of an answer without status"),
    ("request", ["answer", "length"], REMOVED, "a status without a length"),
    ("request", ["answer", "latency_ns"], -1, "an answer before its question"),
    ("request", ["answer", "latency_ns"], 0.5, "half a nanosecond"),
    ("request", ["answer", "server"], "\u001b[2J", "a server that drives the terminal"),
    ("request", ["protocol"], REMOVED, "no protocol"),
    ("request", ["protocol"], "https", "a protocol that is not known"),
    ("request", ["proto"], "icmp", "a request by ICMP"),
    ("request", ["sport"], REMOVED, "no source port"),
    ("request", ["src"], REMOVED, "no source"),
    ("request", ["owner"], REMOVED, "nobody who asked"),
    ("request", ["owner", "kind"], "kernel", "a kernel with a uid, which asks"),
    ("request", ["cloud"], "", "an empty cloud"),
    ("request", ["version"], "", "an empty version"),
    ("request", ["version"], "v3", "a third version"),
    ("request", ["version"], 1, "a version as a number"),
    ("request", ["class"], REMOVED, "no class"),
    ("request", ["class"], "secret", "a class that is not known"),
    ("request", ["reason"], "", "an empty reason"),
    ("request", ["method"], REMOVED, "a path without a method"),
    ("request", ["path"], REMOVED, "a raw path alone"),
    ("request", ["raw_path"], REMOVED, "a path that nobody sent"),
    ("request", ["path"], "/a\nb", "a path with a newline"),
    ("request", ["raw_path"], "/\u00fc", "a path that is not ASCII"),
    ("request", ["user_agent"], "\u202e", "an agent that turns the text round"),
    ("request", ["role"], ["web"], "a list of roles"),
    ("request", ["http_version"], "1", "half a version of HTTP"),
    ("request", ["http_version"], 1.1, "a version of HTTP as a number"),
    ("request", ["cut"], False, "a cut that is none"),
    ("request", ["ech"], False, "an ECH that is none"),
    ("request", ["hop_limit"], False, "a hop limit that was enough"),
    ("request", ["hop_limit"], 1, "a hop limit as a number"),
    ("request", ["headers"], [], "an empty list of headers"),
    ("request", ["headers"], ["x-aws-ec2-metadata-token: AQAE"], "a header's value"),
    ("request", ["headers"], ["cookie"], "a header that is none of ours"),
    ("request", ["anomalies"], [], "an empty list of anomalies"),
    ("request", ["anomalies"], ["nul", "nul"], "an anomaly twice"),
    ("request", ["anomalies"], ["odd"], "an anomaly that is not known"),
    ("request", ["question_type"], 1, "a question without a name"),
    ("request", ["views"], 0, "a request that was not seen"),
    ("request", ["views"], REMOVED, "no count of views"),
    ("request", ["decision"], -1, "a request that was decided"),
    ("request", ["endpoint"], REMOVED, "endpoints without a first one"),
    ("request", ["len"], 74, "a request with a frame's length"),
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
