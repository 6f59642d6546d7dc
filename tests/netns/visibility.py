# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Holds records against the published table: what the row of a scenario says, and who the
processes said they are.

usage: visibility.py DOC ROW FACTS [TABLE ADDRESS[=NAMED]...]... < RECORDS
       visibility.py rows DOC

TABLE is the heading above a table in DOC, ROW the first cell of a row in it. ADDRESS is the endpoint's on the
wire, NAMED what the process called it. RECORDS holds at least all that concern these addresses.
Prints what is not as the table says; exit 1 then.
"""
import datetime
import json
import os
import pwd
import re
import sys
import time

TICK_NS = 10**9 // os.sysconf("SC_CLK_TCK")
SLACK_NS = 250_000_000
# What must be there, by how the process was learnt.
ALWAYS = ["pid", "started", "comm", "uid", "gid", "euid", "egid", "cgroup"]
PROGRAM = ["exe", "parents"]
WHOLE = PROGRAM + ["argv"]
KNOWN = {
    "socket": ALWAYS,
    "backfill": ALWAYS + PROGRAM,
    "connect": ALWAYS + WHOLE,
    "sendmsg": ALWAYS + WHOLE,
    "bind": ALWAYS + WHOLE,
}


def cells_of(line):
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def tables(doc):
    """{heading: {first cell: {column: cell}}}"""
    found, heading, columns = {}, None, None
    with open(doc, encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("#"):
                heading, columns = line.strip("# \n"), None
            elif not line.startswith("|"):
                columns = None
            elif not columns:
                columns = cells_of(line)
            elif not re.match(r"\|[-| ]+$", line):
                cells = cells_of(line)
                found.setdefault(heading, {})[cells[0]] = dict(zip(columns, cells))
    return found


def started_ns(text):
    whole, fraction = re.fullmatch(r"(.*)\.(\d{9})Z", text).groups()
    at = datetime.datetime.fromisoformat(whole + "+00:00")
    return int(at.timestamp()) * 10**9 + int(fraction)


BOOT_NS = time.time_ns() - time.clock_gettime_ns(time.CLOCK_BOOTTIME)
OURS = {ns: os.stat(f"/proc/self/ns/{ns}").st_ino for ns in ("user", "pid")}


def expected_name(fact, told):
    """The host names its own users only, not those of a namespace or a container."""
    is_ours = all(fact[ns + "ns"] == inode for ns, inode in OURS.items())
    if not is_ours or "container" in told:
        return None
    try:
        return pwd.getpwuid(fact["uid"]).pw_name
    except KeyError:
        return None


def differences(told, fact, source):
    """told: of a record, an owner or a sender; fact: who it was."""
    for key in KNOWN[source]:
        if key not in told:
            yield f"{key} is missing"
    for key in ("pid", "uid", "gid", "euid", "egid", "cgroup", "argv"):
        if key in told and told[key] != fact[key]:
            yield f"{key} is {told[key]!r}, not {fact[key]!r}"
    if "comm" in told and told["comm"] != fact["comm"][:15]:
        yield f"comm is {told['comm']!r}, not {fact['comm']!r}"
    if "started" in told:
        apart = started_ns(told["started"]) - BOOT_NS - fact["started"] * TICK_NS
        if not -SLACK_NS < apart < TICK_NS + SLACK_NS:
            yield f"started is {apart} ns apart"
    if told.get("user") != expected_name(fact, told):
        yield f"user is {told.get('user')}"
    if "exe" in told:
        # as /proc names files without a name that leads to them
        exe = fact["exe"].removeprefix("/memfd:")
        exe = "memfd:" + exe if exe != fact["exe"] else exe
        is_deleted = exe.endswith(" (deleted)")
        if told["exe"] != exe.removesuffix(" (deleted)"):
            yield f"exe is {told['exe']!r}, not {exe!r}"
        if told.get("exe_deleted", False) != is_deleted:
            yield "exe_deleted is wrong"
    if "parents" in told:
        parents = [{key: parent[key] for key in ("pid", "comm")} for parent in told["parents"]]
        if parents != fact["parents"]:
            yield f"parents are {parents}, not {fact['parents']}"


NAMELESS = ", no process"
AS_FIRST = ", as first seen"
IN_FULL = ", in full"
CHANGEABLE = ("euid", "egid", "comm", "cgroup")


def check_owner(owner, cell, facts):
    """cell: how the process is named."""
    source, _, by = cell.partition(", sender by ")
    is_nameless = source.endswith(NAMELESS)
    is_as_first = source.endswith(AS_FIRST)
    must = WHOLE if source.endswith(IN_FULL) else []
    source = source.removesuffix(NAMELESS).removesuffix(AS_FIRST).removesuffix(IN_FULL)
    if owner["source"] != source:
        yield f"source is {owner['source']}, not {source}"
        return
    if ("sender" in owner) != bool(by):
        yield "a sender is shown" if "sender" in owner else "no sender is shown"
        return
    opener, user = facts.get("opener", facts.get("user")), facts.get("user")
    if is_as_first:
        user = user | {key: facts["first"][key] for key in CHANGEABLE}
    if is_nameless:
        if "pid" in owner or owner["uid"] != opener["uid"]:
            yield "a process is shown, or another user"
        return
    yield from (f"{key} is missing" for key in must if key not in owner)
    yield from differences(owner, user if source != "socket" else opener, source)
    if owner.get("netns") != (opener or user)["netns"]:
        yield f"netns is {owner.get('netns')}"
    if not by:
        return
    if owner["sender"]["source"] != by:
        yield f"the sender's source is {owner['sender']['source']}, not {by}"
    for difference in differences(owner["sender"], user, by):
        yield "the sender's " + difference


def check_place(owner, row):
    """What the path of its cgroup says of it."""
    container = owner.get("container", {})
    words = [container.get("runtime"), container.get("pod"), "claimed" * ("claimed" in container)]
    unit = re.sub("[0-9a-f]{64}", "ID", owner.get("unit", "-"))
    told = {"unit": unit, "container": ", ".join(filter(None, words)) or "-"}
    for column, value in told.items():
        if row.get(column, value) != value:
            yield f"{column} is {value}, not {row[column]}"


def check_record(record, cell, named, facts):
    owner = record["owner"]
    cell, _, another = cell.partition(" by ")
    kind, _, join = cell.partition(" (")
    if owner["kind"] != kind:
        yield f"kind is {owner['kind']}, not {kind}"
    elif kind == "user":
        if owner["join"] != join.rstrip(")"):
            yield f"join is {owner['join']}, not {join.rstrip(')')}"
        yield from check_owner(owner, another or named, facts)


def check_side(records, cell, named, facts, side):
    packets = [record for record in records if record["type"] == "packet"]
    if cell in ("unseen", "none"):
        if packets:
            yield f"{side}: seen", packets[0]
        return
    if not packets:
        yield f"{side}: not seen", None
    for record in records:
        for difference in check_record(record, cell, named, facts):
            yield f"{side}: {difference}", record


# What a table says that has no such columns.
PLAIN = {
    "process named by": "connect",
    "owner of the request": "user (flow)",
    "owner of the reply": "user (reply)",
}


def check_request(record, row, named, facts):
    """A request is told once, and its owner is as on one of the interfaces that it was seen on."""
    cells = [cell for column, cell in row.items()
             if column.startswith("owner of the request") and cell not in ("unseen", "none")]
    found = [list(check_record(record, cell, named, facts)) for cell in cells]
    if [] not in found:
        for difference in (found or [["told"]])[0]:
            yield f"the request: {difference}", record


def check_address(row, records, facts):
    """Both sides, and on each interface that the table has columns for."""
    if "process named by" not in row:
        row = PLAIN | row
    named = row["process named by"]
    proto = next(iter(facts.values()))["proto"]
    mine = [r for r in records if r.get("proto") == proto and "direction" in r]
    for record in records:
        if record["type"] == "request":
            yield from check_request(record, row, named, facts)
    for column, cell in row.items():
        match = re.fullmatch(r"owner of the (request|reply)(?:, (.*))?", column)
        if not match:
            continue
        side, where = match.groups()
        iface = {None: None, "its veth": "guest0", "the uplink": "eth0"}[where]
        direction = "to" if side == "request" else "from"
        chosen = [r for r in mine if r["direction"] == direction and iface in (None, r["iface"])]
        yield from check_side(chosen, cell, named, facts, column)
    # what else there is, an ICMP error say, names nobody else
    for record in records:
        if record.get("owner", {}).get("pid") not in [None] + [f["pid"] for f in facts.values()]:
            yield "another process is named", record
        if "pid" in record.get("owner", {}):
            for difference in check_place(record["owner"], row):
                yield difference, record


def show(record):
    keys = ("type", "iface", "direction", "proto", "tcp_flags", "src", "dst", "len", "owner")
    return json.dumps({key: record[key] for key in keys if key in record}) if record else ""


def judge_table(rows, title, records, all_facts, addresses):
    row = rows.get(title)
    if not row:
        print(f"there is no row for: {title}")
        return True
    failed = False
    for address in addresses:
        wire, _, called = address.partition("=")
        facts = {f["role"]: f for f in all_facts if f["address"] == (called or wire)}
        if not facts:
            print(f"{address}: nobody said who he is")
            failed = True
            continue
        mine = [r for r in records if wire in (r.get("src"), r.get("dst"))]
        said = set()
        for difference, record in check_address(row, mine, facts):
            failed = True
            if difference not in said:
                print(f"{address}: {difference}: {show(record)}")
            said.add(difference)
    return failed


def judge(doc, title, facts_file, *words):
    found = tables(doc)
    records = [json.loads(line) for line in sys.stdin]
    with open(facts_file, encoding="utf-8") as lines:
        facts = [json.loads(line) for line in lines]
    asked = {}
    for word in words:
        if word in found:
            addresses = asked.setdefault(word, [])
        else:
            addresses.append(word)
    return any([judge_table(found[heading], title, records, facts, addresses)
                for heading, addresses in asked.items()])


if __name__ == "__main__":
    if sys.argv[1] == "rows":
        for rows in tables(sys.argv[2]).values():
            print("\n".join(rows))
    else:
        sys.exit(judge(*sys.argv[1:]))
