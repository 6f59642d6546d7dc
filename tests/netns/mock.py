# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The other end of the network tests, and odd senders.

usage: mock.py serve READY            HTTP on 80 and 8080 (/big is 1 MiB, a POST is swallowed),
                                      UDP echo on 53 and 5353, a sink on 9
       mock.py ask HOST PORT [BYTES]  one datagram, waits for the echo
       mock.py cable NAME NET NET READY   a tun device in each namespace, joined to each other
       mock.py burst HOST PORT N [IP_VERSION]   N datagrams as fast as they go
       mock.py pace HOST RATE STOP    RATE datagrams a second until the file STOP is there, each
                                      to a port of its own from 10000 on; says how many
       mock.py echoes HOST PORT RATE STOP   RATE datagrams a second until the file STOP is there;
                                      says how many came back
       mock.py flows NUMBER HOST...   one datagram to each of NUMBER ports of each host, one socket
       mock.py ping HOST              one ICMP echo, waits for the reply
       mock.py late HOST PORT GO      connects, says so, sends when GO is written to
       mock.py extension HOST PORT hop|dst   one datagram behind an extension header
       mock.py unreachable FROM TO SRC SPORT DST DPORT   one ICMP error about a TCP segment
       mock.py without CALL ERROR COMMAND...   runs it where this system call fails
       mock.py frame IFACE OPTION=VALUE...   one frame from a packet socket; see frame()
"""
import contextlib
import ctypes
import errno
import fcntl
import http.server
import os
import socket
import struct
import sys
import threading
import time

TIMEOUT = 5
BIG = 1 << 20
IP_PKTINFO = 8  # the module has no name for it


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer(bytes(BIG) if self.path == "/big" else b"i-0123456789abcdef0\n")

    def do_POST(self):
        left = int(self.headers["Content-Length"])
        while left:
            left -= len(self.rfile.read(min(left, 65536)))
        self.answer(b"thanks\n")

    def answer(self, body):
        """Without a length, so that the end is ours: a client that closes first leaves its last
        ACK to the kernel, if we are slow to close."""
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, family, port):
        self.address_family = family
        super().__init__(("", port), Handler, bind_and_activate=False)
        if family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        self.socket.bind(("", port))
        self.server_activate()


def udp_server(family, port):
    sock = socket.socket(family, socket.SOCK_DGRAM)
    if family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
    else:
        sock.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
    sock.bind(("", port))
    return sock


def echo(sock):
    """Answers from the address that was asked."""
    while True:
        data, control, _, peer = sock.recvmsg(65536, 256)
        if sock.family == socket.AF_INET:
            info = control[0][2]
            reply = [(socket.IPPROTO_IP, IP_PKTINFO, struct.pack("=I4s4s", 0, info[8:12], b"\0" * 4))]
        else:
            reply = [(socket.IPPROTO_IPV6, socket.IPV6_PKTINFO, control[0][2])]
        sock.sendmsg([data], reply, 0, peer)


def serve(ready):
    keep = []
    for family in (socket.AF_INET, socket.AF_INET6):
        for port in (80, 8080):
            server = Server(family, port)
            threading.Thread(target=server.serve_forever, daemon=True).start()
        for port in (53, 5353):
            threading.Thread(target=echo, args=(udp_server(family, port),), daemon=True).start()
        keep.append(udp_server(family, 9))
    with open(ready, "w", encoding="ascii"):
        pass
    threading.Event().wait()


def udp_to(host, port):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.settimeout(TIMEOUT)
    sock.connect((host, int(port)))
    return sock


def ask(host, port, size="4"):
    sock = udp_to(host, port)
    question = b"who?" * (int(size) // 4)
    sock.send(question)
    assert sock.recv(65536) == question


def tun_in(net, name):
    """A device without a link header, IP packets only. (os.setns is of Python 3.12.)"""
    libc = ctypes.CDLL(None, use_errno=True)
    with open(f"/run/netns/{net}") as namespace:
        assert libc.setns(namespace.fileno(), 0) == 0, os.strerror(ctypes.get_errno())
    tun = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(tun, 0x400454CA, struct.pack("16sH22x", name.encode(), 0x1001))  # TUNSETIFF
    return tun


def carry(source, sink):
    while True:
        packet = os.read(source, 65536)
        with contextlib.suppress(OSError):  # the other end is down
            os.write(sink, packet)


def cable(name, one, other, ready):
    ends = [tun_in(net, name) for net in (one, other)]
    for source, sink in (ends, ends[::-1]):
        threading.Thread(target=carry, args=(source, sink), daemon=True).start()
    with open(ready, "w", encoding="ascii"):
        pass
    threading.Event().wait()


def burst(host, port, number):
    sock = udp_to(host, port)
    for _ in range(int(number)):
        sock.send(b"0123456789")


PACE_PORT = 10000


def pace(host, rate, stop):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    due = time.monotonic()
    sent = 0
    while not os.path.exists(stop) and PACE_PORT + sent < 65536:
        sock.sendto(b"tick", (host, PACE_PORT + sent))
        sent += 1
        due += 1 / int(rate)
        time.sleep(max(0, due - time.monotonic()))
    print(sent, flush=True)


def echoes(host, port, rate, stop):
    sock = udp_to(host, port)
    due = time.monotonic()
    back = 0
    while not os.path.exists(stop):
        sock.send(b"tick")
        back += sock.recv(64) == b"tick"
        due += 1 / int(rate)
        time.sleep(max(0, due - time.monotonic()))
    print(back, flush=True)


def flows(number, *hosts):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for host in hosts:
        for port in range(1000, 1000 + int(number)):
            sock.sendto(b"flow", (host, port))


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ping(host):
    is_v6 = ":" in host
    if is_v6:
        sock = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
    else:
        sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    sock.settimeout(TIMEOUT)
    echo_id = os.getpid() & 0xFFFF
    request = struct.pack("!BBHHH", 128 if is_v6 else 8, 0, 0, echo_id, 1) + b"ping"
    if not is_v6:
        request = request[:2] + struct.pack("!H", checksum(request)) + request[4:]
    sock.sendto(request, (host, 0))
    while True:
        reply = sock.recv(256)[0 if is_v6 else 20:]
        if reply[0] == (129 if is_v6 else 0) and reply[4:6] == request[4:6]:
            return


def late(host, port, go):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family)
    sock.settimeout(TIMEOUT)
    sock.connect((host, int(port)))
    print("connected", flush=True)
    with open(go, encoding="ascii") as gate:
        gate.read()
    sock.sendall(b"GET / HTTP/1.1\r\nHost: mock\r\nConnection: close\r\n\r\n")
    while sock.recv(4096):
        pass


def extension(host, port, which):
    sock = udp_to(host, port)
    option = {"hop": socket.IPV6_HOPOPTS, "dst": socket.IPV6_DSTOPTS}[which]
    padding = bytes([0, 0, 1, 4, 0, 0, 0, 0])  # one PadN
    sock.setsockopt(socket.IPPROTO_IPV6, option, padding)
    sock.send(b"who?")
    assert sock.recv(64) == b"who?"


def without(call, error, *command):
    """As on a kernel that lacks it. Root needs no no_new_privs for that (attribute 3)."""
    lib = ctypes.CDLL("libseccomp.so.2")
    lib.seccomp_init.restype = ctypes.c_void_p
    rules = ctypes.c_void_p(lib.seccomp_init(0x7FFF0000))
    number = lib.seccomp_syscall_resolve_name(call.encode())
    assert lib.seccomp_attr_set(rules, 3, 0) == 0
    assert lib.seccomp_rule_add(rules, 0x00050000 | getattr(errno, error), number, 0) == 0
    assert lib.seccomp_load(rules) == 0
    os.execvp(command[0], command)


FLAGS = {"F": 1, "S": 2, "R": 4, "P": 8, "A": 16}


def unreachable(sender, receiver, src, sport, dst, dport):
    quoted = struct.pack("!BBHHHBBH", 0x45, 0, 60, 7, 0, 64, 6, 0)
    quoted += socket.inet_aton(src) + socket.inet_aton(dst)
    quoted += struct.pack("!HHI", int(sport), int(dport), 1)
    head = struct.pack("!BBHI", 3, 1, 0, 0)
    head = head[:2] + struct.pack("!H", checksum(head + quoted)) + head[4:]
    sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    sock.bind((sender, 0))
    sock.sendto(head + quoted, (receiver, 0))


def frame(iface, *options):
    """src= sport= dst= dport= [flags=SA] [proto=tcp|udp] [sll=0x1234] [cut=BYTES]
    [claim=BYTES of IP length more than there are] [ihl=N] [frag=HEX] [mac=DESTINATION] [vlan=ID,...]"""
    o = dict(option.split("=", 1) for option in options)
    ports = struct.pack("!HH", int(o["sport"]), int(o["dport"]))
    if o.get("proto", "tcp") == "tcp":
        number = 6
        flags = sum(FLAGS[flag] for flag in o.get("flags", "A"))
        payload = ports + struct.pack("!IIBBHHH", 1, 1, 5 << 4, flags, 1024, 0, 0)
    else:
        number = 17
        payload = ports + struct.pack("!HH", 8 + 4, 0) + b"odd!"
    if "cut" in o:
        payload = payload[:int(o["cut"])]
    claim = int(o.get("claim", "0"))
    if ":" in o["src"]:
        src, dst = (socket.inet_pton(socket.AF_INET6, o[k]) for k in ("src", "dst"))
        packet = struct.pack("!IHBB", 6 << 28, len(payload) + claim, number, 64) + src + dst + payload
        ethertype = 0x86DD
    else:
        src, dst = (socket.inet_pton(socket.AF_INET, o[k]) for k in ("src", "dst"))
        header = struct.pack("!BBHHHBBH", 0x40 | int(o.get("ihl", "5")), 0, 20 + len(payload) + claim,
                             7, int(o.get("frag", "0"), 16), 64, number, 0) + src + dst
        packet = header[:10] + struct.pack("!H", checksum(header)) + header[12:] + payload
        ethertype = 0x0800
    mac = bytes.fromhex(o.get("mac", "ff:ff:ff:ff:ff:ff").replace(":", ""))
    tags = b"".join(struct.pack("!HH", 0x8100, int(tag)) for tag in o.get("vlan", "").split(",") if tag)
    link = mac + b"\x02\0\0\0\0\x01" + tags + struct.pack("!H", ethertype)
    protocol = int(o.get("sll", "0x8100" if tags else hex(ethertype)), 16)
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    sock.sendto(link + packet, (iface, protocol))


if __name__ == "__main__":
    {f.__name__: f for f in (serve, ask, cable, burst, pace, echoes, flows, ping, late, extension, unreachable, without, frame)}[sys.argv[1]](*sys.argv[2:])
