# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Requests, byte by byte as the tests write them, sent in every way that a socket has.

usage: asks.py WAY ADDRESS

Each line of standard input is a piece: bytes, with the escapes of Python. Each is handed over on its own once the other side has
acknowledged the one before, so that it has a segment of its own; after the last all that comes is
read, to the end of the connection. WAY is

  send       send(2)
  bytes      send(2) for each single byte
  writev     all pieces by one writev(2)
  zerocopy   send(2) with MSG_ZEROCOPY
  sendfile   sendfile(2), from a file
  splice     splice(2), from a pipe
  fastopen   data in the SYN: the first piece by sendto(2) with MSG_FASTOPEN, the rest by send(2)
  connect    the same by TCP_FASTOPEN_CONNECT
  udp        a datagram to port 80 for each piece; no answer is waited for
"""
import fcntl
import os
import socket
import struct
import sys
import tempfile
import termios

PORT = 80
PATIENCE_S = 20
MSG_FASTOPEN, MSG_ZEROCOPY = 0x20000000, 0x4000000
SO_ZEROCOPY, TCP_FASTOPEN_CONNECT = 60, 30


def settle(sock):
    """Until all that was sent is acknowledged (SIOCOUTQ)."""
    while struct.unpack("i", fcntl.ioctl(sock, termios.TIOCOUTQ, bytes(4)))[0]:
        pass


def send_file(sock, piece):
    with tempfile.TemporaryFile() as file:
        file.write(piece)
        file.flush()
        assert os.sendfile(sock.fileno(), file.fileno(), 0, len(piece)) == len(piece)


def splice(sock, piece):
    reader, writer = os.pipe()
    os.write(writer, piece)
    assert os.splice(reader, sock.fileno(), len(piece)) == len(piece)


SENDERS = {
    "zerocopy": lambda sock, piece: sock.send(piece, MSG_ZEROCOPY),
    "sendfile": send_file,
    "splice": splice,
}


def open_tcp(family, way, host, pieces):
    sock = socket.socket(family)
    sock.settimeout(PATIENCE_S)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if way == "zerocopy":
        sock.setsockopt(socket.SOL_SOCKET, SO_ZEROCOPY, 1)
    if way == "fastopen":
        sock.sendto(pieces.pop(0), MSG_FASTOPEN, (host, PORT))
    else:
        if way == "connect":
            sock.setsockopt(socket.IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1)
        sock.connect((host, PORT))
    return sock


def ask(family, way, host, pieces):
    if way == "bytes":
        pieces = [bytes([byte]) for piece in pieces for byte in piece]
    sock = open_tcp(family, way, host, pieces)
    if way == "writev":
        os.writev(sock.fileno(), pieces)
        pieces = []
    for piece in pieces:
        settle(sock)
        SENDERS.get(way, socket.socket.send)(sock, piece)
    answer = b""
    while more := sock.recv(65536):
        answer += more
    sys.stdout.buffer.write(answer)


def main(way, host):
    pieces = [line.rstrip(b"\n").decode("unicode_escape").encode("latin-1") for line in sys.stdin.buffer]
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    if way == "udp":
        sock = socket.socket(family, socket.SOCK_DGRAM)
        for piece in pieces:
            sock.sendto(piece, (host, PORT))
    else:
        ask(family, way, host, pieces)


if __name__ == "__main__":
    main(*sys.argv[1:])
