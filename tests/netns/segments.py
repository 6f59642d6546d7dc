# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Segments of TCP by hand, in whatever order, and in a connection of somebody else.

usage: segments.py raw SRC HOST PORT TEXT PIECE...   a connection from an address that is nobody's
       segments.py inject IFACE SPORT GATE TEXT   one segment in another's connection
"""
import os
import re
import socket
import struct
import sys

from asker import TIMEOUT, bytes_of
from mock import checksum

SYN, RST, PSH, ACK = 2, 4, 8, 16


class Segments:
    """TCP from an address that no host has, so that no kernel interferes."""

    def __init__(self, src, host, port):
        self.ends = (src, host)
        self.ports = (20000 + os.getpid() % 20000, int(port))
        self.seq, self.ack = 1000, 0
        self.out = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        self.come = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
        self.come.settimeout(TIMEOUT)

    def send(self, offset, flags, data=b""):
        src, dst = (socket.inet_aton(end) for end in self.ends)
        tcp = struct.pack("!HHIIBBHHH", *self.ports, self.seq + offset, self.ack, 5 << 4, flags, 65535, 0, 0)
        pseudo = src + dst + struct.pack("!BBH", 0, 6, len(tcp) + len(data))
        tcp = tcp[:16] + struct.pack("!H", checksum(pseudo + tcp + data)) + tcp[18:]
        ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp) + len(data), 0, 0, 64, 6, 0) + src + dst
        self.out.sendto(ip + tcp + data, (self.ends[1], 0))

    def receive(self):
        """(flags, seq, ack, data) of the next segment to us"""
        while True:
            packet = self.come.recv(65536)
            tcp = packet[(packet[0] & 15) * 4:struct.unpack("!H", packet[2:4])[0]]
            if packet[9] == 6 and struct.unpack("!HH", tcp[:4]) == self.ports[::-1]:
                seq, ack = struct.unpack("!II", tcp[4:12])
                return tcp[13], seq, ack, tcp[(tcp[12] >> 4) * 4:]


def raw(src, host, port, text, *pieces):
    """TEXT as segments: FROM-TO are bytes of it, FROM=OTHER others in their place. Ends with the answer."""
    text = bytes_of(text)
    tcp = Segments(src, host, port)
    tcp.send(-1, SYN)
    flags, seq, _, _ = tcp.receive()
    assert flags == SYN | ACK, flags
    tcp.ack = seq + 1
    tcp.send(0, ACK)
    for piece in pieces:
        begin, end, other = re.fullmatch(r"(\d+)(?:-(\d+)|=(.*))", piece).groups()
        tcp.send(int(begin), ACK | PSH, bytes_of(other) if other else text[int(begin):int(end)])
    got, acked = b"", 0
    while not got or acked < tcp.seq + len(text):
        _, seq, acked, data = tcp.receive()
        got += data
    tcp.ack = seq + len(data)
    tcp.send(len(text), RST | ACK)


def inject(iface, sport, gate, text):
    """Listens until a connection from this port is established, says so, and when the pipe is written to
    sends text in it, by a packet socket."""
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0003))
    sock.bind((iface, 0x0003))
    sock.settimeout(TIMEOUT)
    print("here", flush=True)
    frame = b""
    while frame[23:24] != b"\x06" or frame[34:36] != struct.pack("!H", int(sport)) or frame[47] != ACK:
        frame = sock.recv(65536)
    with open(gate, encoding="ascii") as pipe:
        pipe.read()
    data = bytes_of(text)
    tcp = frame[34:46] + struct.pack("!BBHHH", 5 << 4, ACK | PSH, 512, 0, 0)
    pseudo = frame[26:34] + struct.pack("!BBH", 0, 6, len(tcp) + len(data))
    tcp = tcp[:16] + struct.pack("!H", checksum(pseudo + tcp + data)) + tcp[18:]
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp) + len(data), 7, 0, 64, 6, 0) + frame[26:34]
    ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    sock.send(frame[:14] + ip + tcp + data)


if __name__ == "__main__":
    {f.__name__: f for f in (raw, inject)}[sys.argv[1]](*sys.argv[2:])
