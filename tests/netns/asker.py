# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Both ends of a request.

usage: asker.py serve READY PORT...   a lenient server of HTTP on these ports, of DNS on 53
       asker.py talk HOST PORT STEP...   one connection; see the class Talk for the steps
       asker.py dns HOST NAME [tcp]   asks for an address, waits for the answer
       asker.py secret NAME   prints one of SECRETS
       asker.py leaks FILE...   prints which of SECRETS are in a file, in whole or by 8 bytes
"""
import contextlib
import fcntl
import json
import os
import re
import socket
import struct
import sys
import tempfile
import termios
import threading
import time

from mock import IP_PKTINFO, udp_server

TIMEOUT = 10
TOKEN_HOPS = int(os.environ.get("TOKEN_HOPS", "0"))  # the hop limit of a token's answer
# What a service answers or is given, and nobody else is to see.
SECRETS = {
    "token": "AQAEAB9qtokencanary7Zk3WvLxP0dRmNsYhTgUeJcQfIa==",
    "secret key": "wJalrSecretKeyCanary/K7MDENGbPxRfiCYzuQw",
    "session token": "IQoJb3JpZ2luSessionCanary0xMzQ1Njc4OTBhYmNkZWZnaGlqa2xtbm9wcXJzdHV2",
    "user data": "#!/bin/sh export DBPASS=UserDataCanary4kT9",
    "bearer": "eyJ0eXAiOiJKV1QiBearerCanary8s7d6f5g4h3j2k1l",
    "authorization": "Basic QXV0aENhbmFyeU1uQnZhVGwxZVh0MA==",
    "query": "QueryCanary0a1s2d3f4g5h6j7k8",
    "path id": "7e6d5c4b-PathIdCanary-3a2b1c0d",
    "client secret": "ClientSecretCanary~8Q.vbnmasdfghjkl",
}
KEY_ID = "ASIAEXAMPLEKEYID0001"


def credential():
    return json.dumps({
        "Code": "Success", "Type": "AWS-HMAC", "AccessKeyId": KEY_ID,
        "SecretAccessKey": SECRETS["secret key"], "Token": SECRETS["session token"],
        "Expiration": "2099-01-01T00:00:00Z"}).encode()


def bearer():
    return json.dumps({"access_token": SECRETS["bearer"], "expires_in": "3599",
                       "token_type": "Bearer"}).encode()


def answer_to(method, path):
    """(status, body)"""
    status = re.search(r"/status/(\d+)", path)
    if status:
        return int(status[1]), b""
    if method == "PUT":
        return 200, SECRETS["token"].encode()
    if re.search(r"oauth2/token|service-accounts/[^/]*/token", path):
        return 200, bearer()
    if re.search(r"security-credentials/.|credentials/.|/v1/credentials", path):
        return 200, credential()
    if re.search(r"user-?_?data", path, re.I):
        return 200, SECRETS["user data"].encode()
    return 200, b"ok\n"


def receive(sock):
    """All is acknowledged at once, for a sender that waits for it."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
    return sock.recv(65536)


def serve_http(sock):
    data = b""
    while True:
        data = data.lstrip(b"\r\n")
        head = re.match(rb"(?s)(?:[^\n]*\n)+?\r?\n", data)
        if data[:1] in (b"\x05", b"\x16"):  # SOCKS, TLS
            return
        if re.match(rb"GET [^\s]*\r?\n", data):  # HTTP/0.9
            sock.sendall(b"ok\n")
            return
        if not head:
            more = receive(sock)
            if not more:
                return
            data += more
            continue
        length = re.search(rb"(?i)\ncontent-length *: *(\d+)", head[0])
        body = int(length[1]) if length else 0
        while len(data) < head.end() + body:
            data += receive(sock)
        data = data[head.end() + body:]
        words = head[0].decode("latin-1").split()
        if not answer(sock, words[0].upper(), words[1], head[0].lower()):
            return


def answer(sock, method, path, head):
    """Is there to be another one?"""
    if "/silent" in path:
        receive(sock)
        return False
    status, body = answer_to(method, path)
    if method == "PUT" and TOKEN_HOPS:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, TOKEN_HOPS)
    closes = b"connection: close" in head
    sock.sendall(b"HTTP/1.1 %d Word\r\nServer: asker\r\nContent-Length: %d\r\n%s\r\n%s" % (
        status, len(body), b"Connection: close\r\n" if closes else b"",
        b"" if method == "HEAD" else body))
    return not closes


def serve_dns(sock):
    data = b""
    while more := receive(sock):
        data += more
        while len(data) >= 2 and len(data) >= 2 + (size := struct.unpack("!H", data[:2])[0]):
            sock.sendall(data[:4] + b"\x81\x80" + data[6:2 + size])
            data = data[2 + size:]


def serve_one(sock, port):
    with sock, contextlib.suppress(OSError):
        (serve_dns if port == 53 else serve_http)(sock)


def accept(server, port):
    while True:
        sock, _ = server.accept()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=serve_one, args=(sock, port), daemon=True).start()


def echo_dns(sock):
    while True:
        data, control, _, peer = sock.recvmsg(65536, 256)
        reply = [(socket.IPPROTO_IP, IP_PKTINFO, struct.pack("=I4s4s", 0, control[0][2][8:12], b"\0" * 4))]
        sock.sendmsg([data[:2] + b"\x81\x80" + data[4:]], reply, 0, peer)


def serve(ready, *ports):
    for port in map(int, ports):
        server = socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=64)
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_FASTOPEN, 16)
        threading.Thread(target=accept, args=(server, port), daemon=True).start()
        if port == 53:
            threading.Thread(target=echo_dns, args=(udp_server(socket.AF_INET, 53),), daemon=True).start()
    with open(ready, "w", encoding="ascii"):
        pass
    threading.Event().wait()


def bytes_of(text):
    """With the escapes of Python, \\r \\n \\xNN, and @NAME@ of SECRETS, which are in no argument then."""
    text = re.sub(r"@([a-z ]+)@", lambda name: SECRETS[name[1]], text)
    return text.encode("latin-1", "backslashreplace").decode("unicode_escape").encode("latin-1")


class Talk:
    """Steps are NAME:ARGUMENT. What is sent is acknowledged before the next step."""

    def __init__(self, host, port):
        self.to = (host, int(port))
        self.sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        self.sock.settimeout(TIMEOUT)
        self.is_connected = False
        self.data = b""

    def new(self, _):
        """another connection"""
        self.sock.close()
        self.__init__(*self.to)

    def connect(self):
        if not self.is_connected:
            self.sock.connect(self.to)
        self.is_connected = True
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def until_acknowledged(self):
        until = time.monotonic() + TIMEOUT
        while struct.unpack("i", fcntl.ioctl(self.sock, termios.TIOCOUTQ, b"\0" * 4))[0]:
            assert time.monotonic() < until, "nothing is acknowledged"
            time.sleep(0.0005)

    def port(self, argument):
        """the source's, for who looks for it"""
        self.sock.bind(("", int(argument)))

    def mss(self, argument):
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, int(argument))

    def fast(self, argument):
        """in the SYN"""
        self.sock.sendto(bytes_of(argument), socket.MSG_FASTOPEN, self.to)
        self.is_connected = True

    def send(self, argument):
        """in one piece; with mss: in as many as it takes"""
        self.connect()
        self.sock.sendall(bytes_of(argument))
        self.until_acknowledged()

    def bytes(self, argument):
        """each a segment"""
        self.connect()
        for byte in bytes_of(argument):
            self.sock.send(bytes([byte]))
            self.until_acknowledged()

    def file(self, argument):
        """by sendfile"""
        self.connect()
        with tempfile.TemporaryFile() as file:
            file.write(bytes_of(argument))
            file.flush()
            assert os.sendfile(self.sock.fileno(), file.fileno(), 0, 65536) == len(bytes_of(argument))
        self.until_acknowledged()

    def zeros(self, argument):
        """so many"""
        self.sock.sendall(bytes(int(argument)))
        self.until_acknowledged()

    def urgent(self, argument):
        self.sock.send(bytes_of(argument), socket.MSG_OOB)
        self.until_acknowledged()

    def read(self, argument):
        """as many answers, 1 without a number"""
        for _ in range(int(argument or 1)):
            while not (head := re.match(rb"(?s).*?\r\n\r\n", self.data)):
                self.more()
            length = int(re.search(rb"Content-Length: (\d+)", head[0])[1])
            while len(self.data) < head.end() + length:
                self.more()
            self.data = self.data[head.end() + length:]

    def more(self):
        more = self.sock.recv(65536)
        assert more, "the connection was closed"
        self.data += more

    def end(self, _):
        """the other side closes"""
        while self.sock.recv(65536):
            pass

    def shut(self, _):
        self.sock.shutdown(socket.SHUT_WR)

    def reset(self, _):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def gate(self, argument):
        """says that it is here, and goes on when the pipe is written to"""
        self.connect()
        print("here", flush=True)
        with open(argument, encoding="ascii") as pipe:
            pipe.read()


def talk(host, port, *steps):
    one = Talk(host, port)
    for step in steps:
        name, _, argument = step.partition(":")
        getattr(one, name)(argument)


def dns(host, name, *tcp):
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    question = struct.pack("!HHHHHH", 7, 0x100, 1, 0, 0, 0) + labels + struct.pack("!BHH", 0, 1, 1)
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM)
    sock.settimeout(TIMEOUT)
    sock.connect((host, 53))
    sock.send((struct.pack("!H", len(question)) if tcp else b"") + question)
    assert len(sock.recv(512)) >= len(question)


def secret(name):
    print(SECRETS[name])


def leaks(*files):
    for name in files:
        with open(name, "rb") as file:
            text = file.read()
        for what, secret in SECRETS.items():
            pieces = [secret[at:at + 8].encode() for at in range(len(secret) - 7)]
            found = [piece.decode() for piece in pieces if piece in text]
            if found:
                print(f"{name}: {what}: {found[0]} and {len(found) - 1} more")


if __name__ == "__main__":
    {f.__name__: f for f in (serve, talk, dns, secret, leaks)}[sys.argv[1]](*sys.argv[2:])
