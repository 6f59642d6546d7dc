# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""A mock of the clouds' metadata services, for clients that nobody here wrote.

usage: imds.py CLOUD FOLDER [OPTION...]

CLOUD is aws, ecs, eks, gcp, azure, wireserver, oci, alibaba, digitalocean, hetzner, openstack,
scaleway or akamai; what each demands of a request, it demands here. HTTP on port 80 at every
address, and for gcp DNS on port 53. FOLDER/ready is there once it listens; FOLDER/served gets a
line of JSON for each request, to be held against what was reported. Options:

  no-put      PUT is answered with 404, as by a service that has no v2
  need-token  what comes without a token is answered with 401

Each secret in its answers says "canary", over and over, so that no piece of it goes unnoticed.
"""
import http.server
import json
import os
import socket
import socketserver
import struct
import sys
import threading
import time

ADDRESS = "169.254.169.254"
TOKEN = "AQAEAcanarycanarycanarycanarycanarycanarycanary=="
KEY_ID = "ASIAMOCKEXAMPLE00001"
SECRET = "canary/canary+canary/canary+canary/canary"
SESSION = "IQoJcanarycanarycanarycanarycanarycanarycanarycanarycanarycanary=="
JWT = "eyJ0canarycanary.eyJhcanarycanarycanarycanary.canarycanarycanary"
USER_DATA = "#!/bin/sh\nDB_PASSWORD=canarycanarycanary\n"
PEM = "-----BEGIN RSA PRIVATE KEY-----\ncanarycanarycanarycanary\n-----END RSA PRIVATE KEY-----\n"
LIFETIME_S = 6 * 3600


def moment(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


def keys(**more):
    return {"Code": "Success", "LastUpdated": moment(-60), "Type": "AWS-HMAC", "AccessKeyId": KEY_ID,
            "SecretAccessKey": SECRET, "Token": SESSION, "Expiration": moment(LIFETIME_S), **more}


def task_keys():
    return {"RoleArn": "arn:aws:iam::123456789012:role/web-role", "AccessKeyId": KEY_ID,
            "SecretAccessKey": SECRET, "Token": SESSION, "Expiration": moment(LIFETIME_S)}


def bearer(**more):
    return {"access_token": JWT, "expires_in": 3599, "token_type": "Bearer", **more}


DOCUMENT = {"accountId": "123456789012", "availabilityZone": "eu-central-1a", "region": "eu-central-1",
            "instanceId": "i-0123456789abcdef0", "instanceType": "t3.micro", "version": "2017-09-30"}

# for who has the keys and goes on to use them
BUCKETS = """<?xml version="1.0"?><ListAllMyBucketsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
<Buckets><Bucket><Name>mock-bucket</Name><CreationDate>2026-01-01T00:00:00.000Z</CreationDate></Bucket>
</Buckets></ListAllMyBucketsResult>"""

# A value is text, something for JSON, or a function that makes it. What ends with a slash is a
# list of what is below it, unless it stands here itself.
EC2 = {
    "meta-data/ami-id": "ami-0abcdef1234567890",
    "meta-data/ami-launch-index": "0",
    "meta-data/instance-id": "i-0123456789abcdef0",
    "meta-data/instance-type": "t3.micro",
    "meta-data/local-hostname": "ip-10-0-2-15.eu-central-1.compute.internal",
    "meta-data/local-ipv4": "10.0.2.15",
    "meta-data/placement/availability-zone": "eu-central-1a",
    "meta-data/placement/availability-zone/": "eu-central-1a",
    "meta-data/placement/region": "eu-central-1",
    "meta-data/placement/region/": "eu-central-1",
    "meta-data/iam/info": {"Code": "Success", "InstanceProfileId": "AIPAMOCKEXAMPLE00001"},
    "meta-data/iam/security-credentials/web-role": keys,
    "meta-data/identity-credentials/ec2/security-credentials/ec2-instance": keys,
    "dynamic/instance-identity/document": DOCUMENT,
    "dynamic/instance-identity/pkcs7": "MIAGCSqGSIb3DQEHAqCAMIACAQExCzAJBgUrDgMCGgUA",
    "user-data": USER_DATA,
}
SERVICES = {
    "aws": {f"/{version}/{path}": value for version in ("latest", "2021-03-23")
            for path, value in EC2.items()},
    "alibaba": {
        "/latest/meta-data/instance-id": "i-mock0123456789",
        "/latest/meta-data/ram/security-credentials/web-role": keys,
        "/latest/user-data": USER_DATA,
    },
    "ecs": {"/v2/credentials/canary-0123-canary-4567": task_keys, "/v2/metadata": {"Cluster": "mock"}},
    "eks": {"/v1/credentials": lambda: {**task_keys(), "AccountId": "123456789012"}},
    "gcp": {
        "/computeMetadata/v1/instance": "id\nservice-accounts/\n",
        "/computeMetadata/v1/instance/id": "4520031799277581759",
        "/computeMetadata/v1/project/project-id": "mock-project",
        "/computeMetadata/v1/instance/attributes/kube-env": "KUBELET_KEY: canarycanarycanary\n",
        "/computeMetadata/v1/instance/service-accounts/default/token": bearer,
        "/computeMetadata/v1/instance/service-accounts/default/identity": JWT,
        "/computeMetadata/v1beta1/instance/id": "4520031799277581759",
        "/0.1/meta-data/instance-id": "4520031799277581759",
    },
    "azure": {
        "/metadata/versions": {"apiVersions": ["2018-02-01", "2021-02-01"]},
        "/metadata/instance": {"compute": {"name": "mock", "userData": "Y2FuYXJ5canarycanarycanary"}},
        "/metadata/instance/compute/userData": "Y2FuYXJ5canarycanarycanary",
        "/metadata/attested/document": {"encoding": "pkcs7", "signature": "canarycanarycanary"},
        "/metadata/identity/oauth2/token": lambda: bearer(
            expires_in="3599", expires_on=str(int(time.time()) + 3599), client_id="mock-client",
            resource="https://management.azure.com/"),
    },
    "wireserver": {"/": "<Versions/>", "/machine/": "<GoalState>canarycanarycanary</GoalState>"},
    "oci": {
        "/opc/v2/instance/": {"id": "ocid1.instance.mock", "metadata": {"user_data": "canarycanary"}},
        "/opc/v2/instance/id": "ocid1.instance.mock",
        "/opc/v2/identity/key.pem": PEM,
        "/opc/v1/instance/id": "ocid1.instance.mock",
    },
    "digitalocean": {
        "/metadata/v1/id": "2756294",
        "/metadata/v1/user-data": USER_DATA,
        "/metadata/v1.json": {"droplet_id": 2756294, "user_data": USER_DATA},
    },
    "hetzner": {"/hetzner/v1/metadata/instance-id": "42", "/hetzner/v1/userdata": USER_DATA},
    "openstack": {
        "/openstack/latest/meta_data.json": {"uuid": "83679162-1378-4288-a2d4-70e13ec132aa"},
        "/openstack/latest/user_data": USER_DATA,
        "/latest/meta-data/instance-id": "i-00000001",
    },
    "scaleway": {"/conf": "ID=mock\n", "/user_data/cloud-init": USER_DATA},
    "akamai": {"/v1/instance": "id: 1\n", "/v1/user-data": USER_DATA},
}
# where PUT gives a token, and the header that brings it back
TOKENS = {
    "aws": ("/latest/api/token", "X-aws-ec2-metadata-token"),
    "alibaba": ("/latest/api/token", "X-aliyun-ecs-metadata-token"),
    "akamai": ("/v1/token", "Metadata-Token"),
}


def printable(text):
    """As it is reported: a byte that is not ASCII as \\x and two digits."""
    return text and text.encode("latin-1").decode("ascii", "backslashreplace")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "MockIMDS"
    disable_nagle_algorithm = True

    def answer(self, status, body=b"", is_metadata=True, **headers):
        """In one piece, head and body, once it is written down."""
        body = body if isinstance(body, bytes) else body.encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        if is_metadata:
            self.server.note(self, status, len(body))
        self.end_headers(body if self.command != "HEAD" else b"")

    def end_headers(self, body=b""):
        self._headers_buffer.append(b"\r\n" + body)
        self.flush_headers()

    def is_forwarded(self):
        return any(name.lower().startswith(("x-forwarded", "forwarded")) for name in self.headers)

    def refusal(self, path):
        """What the cloud wants and did not get: a status, or None."""
        cloud, options = self.server.cloud, self.server.options
        has = self.headers.get
        if cloud in TOKENS:
            token = has(TOKENS[cloud][1])
            if token != TOKEN if token else "need-token" in options:
                return 401
        if cloud == "gcp" and path.startswith("/computeMetadata/v1/") and \
                (has("Metadata-Flavor") != "Google" or self.is_forwarded()):
            return 403
        if cloud == "azure" and path != "/metadata/versions" and \
                (has("Metadata", "").lower() != "true" or self.is_forwarded()
                 or "api-version=" not in self.path):
            return 400
        if cloud == "oci" and path.startswith("/opc/v2/") and has("Authorization") != "Bearer Oracle":
            return 401
        if cloud == "eks" and not has("Authorization"):
            return 401
        return None

    def do_GET(self):
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        path = self.path.split("?")[0]
        if self.headers.get("Authorization", "").startswith("AWS4-HMAC-SHA256 "):
            self.answer(200, BUCKETS, is_metadata=False)
            return
        extra = {"Metadata_Flavor": "Google"} if self.server.cloud == "gcp" else {}
        status = self.refusal(path)
        if status:
            self.answer(status, '{"error":"refused"}', **extra)
            return
        value = self.server.find(path)
        if value is None:
            self.answer(404, "no such thing\n", **extra)
        elif isinstance(value, str):
            self.answer(200, value, Content_Type="text/plain", **extra)
        else:
            self.answer(200, json.dumps(value), Content_Type="application/json", **extra)

    do_HEAD = do_GET

    def do_PUT(self):
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        path, header = TOKENS.get(self.server.cloud, (None, None))
        ttl = self.headers.get(f"{header}-ttl-seconds")
        if "no-put" in self.server.options or self.path != path:
            self.answer(404, "no such thing\n")
        elif self.is_forwarded():
            self.answer(403, "no\n")
        elif ttl is None and self.server.cloud != "akamai":
            self.answer(400, "no time to live\n")
        else:
            self.answer(200, TOKEN)

    def log_message(self, *args):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, family, cloud, options, served):
        self.address_family = family
        self.cloud, self.options, self.served = cloud, options, served
        super().__init__(("", 80), Handler, bind_and_activate=False)
        if family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        self.socket.bind(("", 80))
        self.server_activate()

    def find(self, path):
        tree = SERVICES[self.cloud]
        value = tree.get(path)
        if value is None and path.endswith("/"):
            names = {rest.split("/")[0] + "/" * ("/" in rest) for rest in
                     (key[len(path):] for key in tree if key.startswith(path)) if rest}
            return "\n".join(sorted(names)) or None
        return value() if callable(value) else value

    def note(self, request, status, length):
        path = request.requestline.split(" ")[1]  # .path would be without a second slash
        line = json.dumps({
            "sport": request.client_address[1], "method": request.command, "raw_path": printable(path),
            "user_agent": printable(request.headers.get("User-Agent")), "status": status,
            "length": length})
        with self.served[1]:
            os.write(self.served[0], line.encode() + b"\n")


class Names(socketserver.BaseRequestHandler):
    """Every name has this address; no name has one of IPv6."""

    def handle(self):
        question, sock = self.request
        end = question.index(b"\0", 12) + 5
        is_a = question[end - 4:end - 2] == b"\0\1"
        answer = struct.pack("!HHHIH", 0xC00C, 1, 1, 60, 4) + socket.inet_aton(ADDRESS)
        head = question[:2] + struct.pack("!HHHHH", 0x8180, 1, 1 if is_a else 0, 0, 0)
        sock.sendto(head + question[12:end] + (answer if is_a else b""), self.client_address)


def main(cloud, folder, *options):
    served = (os.open(f"{folder}/served", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644), threading.Lock())
    servers = [Server(family, cloud, options, served) for family in (socket.AF_INET, socket.AF_INET6)]
    if cloud == "gcp":
        servers.append(socketserver.UDPServer((ADDRESS, 53), Names))
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    with open(f"{folder}/ready", "w", encoding="ascii"):
        pass
    threading.Event().wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
