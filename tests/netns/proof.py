# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Holds the records of many connections against what their clients said of themselves.

usage: proof.py LOG CONNECTIONS [EXE ARGV0] < RECORDS

LOG is the server's, of crowd.c. RECORDS are read to their end. Connections of one port follow each
other as their SYNs do; so do they in LOG. With EXE, each process has a program and arguments of its
own. Prints one JSON object: what was found, and the last counters. Exit 1 if a connection has a
wrong owner, is not as complete as it must be, or is missing.
"""
import collections
import datetime
import json
import os
import re
import sys
import time

TICK_NS = 10**9 // os.sysconf("SC_CLK_TCK")
SLACK_NS = 100_000_000  # a pid comes again after four times that
BOOT_NS = time.time_ns() - time.clock_gettime_ns(time.CLOCK_BOOTTIME)

# The keys of a record always come in this order.
PACKET = re.compile(
    r'^\{"schema":\d+,"type":"packet",.*?"direction":"(?P<direction>to|from)",.*?'
    r'"sport":(?P<sport>\d+),.*?"dport":(?P<dport>\d+),.*?"tcp_flags":"(?P<flags>[^"]*)".*?'
    r'"owner":\{"kind":"(?P<kind>[a-z_]+)"(?:,"uid":(?P<uid>\d+))?(?:.*?"pid":(?P<pid>\d+),'
    r'"started":"(?P<started>[^"]*)")?')


class Connection:
    __slots__ = ("owners", "has_begun", "whole")

    def __init__(self):
        self.owners = set()
        self.has_begun = False
        self.whole = None


def started_ns(text):
    at = datetime.datetime.fromisoformat(text[:19] + "+00:00")
    return int(at.timestamp()) * 10**9 + int(text[20:29])


def read_records(lines, wants_whole):
    """{client's port: [Connection]}, the number of packets, the last counters"""
    ports, n, counters = collections.defaultdict(list), 0, None
    for line in lines:
        match = PACKET.match(line)
        if not match:
            if '"counters":{' in line:
                counters = json.loads(line)["counters"]
            continue
        n += 1
        is_request = match["direction"] == "to"
        connections = ports[int(match["sport" if is_request else "dport"])]
        if match["flags"] == "SYN" and is_request:
            # a SYN that is sent again begins nothing
            if not connections or connections[-1].has_begun:
                connections.append(Connection())
        elif connections:
            connections[-1].has_begun = True
        if not connections:
            connections.append(Connection())
        connection = connections[-1]
        # a socket that closes by it and the kernel after it may do so at the same time
        if "RST" in match["flags"] and match["kind"] in ("kernel", "unknown"):
            continue
        connection.owners.add((match["kind"], match["uid"], match["pid"], match["started"]))
        if wants_whole and not connection.whole:
            connection.whole = json.loads(line)["owner"]
    return ports, n, counters


def read_log(path):
    with open(path, encoding="ascii") as lines:
        for line in lines:
            _, port, pid, started, uid, parent, number = line.split()
            yield int(port), pid, int(started), uid, int(parent), number


def is_his(owner, pid, started, uid):
    kind, told_uid, told_pid, told_started = owner
    if kind != "user" or told_uid != uid or told_pid != pid:
        return False
    apart = started_ns(told_started) - BOOT_NS - started * TICK_NS
    return -SLACK_NS < apart < TICK_NS + SLACK_NS


def is_whole(whole, exe, argv0, parent, number):
    return (whole.get("exe") == exe and whole.get("argv", [""])[0] == argv0
            and whole["argv"][-1] == number and whole.get("parents", [{}])[0].get("pid") == parent
            and len(whole["parents"]) >= 4)


def judge(log, wanted, exe=None, argv0=None):
    ports, packets, counters = read_records(sys.stdin, exe)
    found = collections.Counter(packets=packets)
    turns = collections.Counter()
    pids, examples = set(), []
    for port, pid, started, uid, parent, number in read_log(log):
        found["connections"] += 1
        pids.add(pid)
        turn = turns[port]
        turns[port] += 1
        if turn >= len(ports[port]):
            found["missing"] += 1
            continue
        connection = ports[port][turn]
        others = [o for o in connection.owners if not is_his(o, pid, started, uid)]
        if any(other[0] == "user" for other in others):
            found["wrong"] += 1
            examples.append([port, turn, pid, started, uid, sorted(map(str, connection.owners))])
        elif others:
            found["unnamed"] += 1
            examples.append([port, turn, pid, started, uid, sorted(map(str, connection.owners))])
        if exe and not is_whole(connection.whole, exe, argv0, parent, number):
            found["incomplete"] += 1
            examples.append([port, pid, number, connection.whole])
    for bad in ("missing", "wrong", "unnamed", "incomplete"):
        found[bad] += 0
    found.update(ports=len(turns), pids=len(pids))
    print(json.dumps({"found": found, "counters": counters, "examples": examples[:5]}))
    return found["connections"] != wanted or found["missing"] or found["wrong"] or found["incomplete"]


if __name__ == "__main__":
    sys.exit(bool(judge(sys.argv[1], int(sys.argv[2]), *sys.argv[3:])))
