# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Peers that no simulator of an API would be: raw answers byte for byte, a proxy, certificates."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import select
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Talk = Callable[[socket.socket, bytes], None]


@contextlib.contextmanager
def listening(talk: Talk) -> Iterator[int]:
    """Let `talk` have every connection together with the head of its first request; yield the port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_serve, args=(server, talk), daemon=True).start()
        yield server.getsockname()[1]
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)


def _serve(server: socket.socket, talk: Talk) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        threading.Thread(target=_one, args=(connection, talk), daemon=True).start()


def _one(connection: socket.socket, talk: Talk) -> None:
    with connection, contextlib.suppress(OSError):
        head = b""
        while b"\r\n\r\n" not in head:
            more = connection.recv(65536)
            if not more:
                return
            head += more
        talk(connection, head)


def saying(*pieces: bytes) -> Talk:
    """Answer with these bytes and end the connection."""

    def talk(connection: socket.socket, head: bytes) -> None:
        for piece in pieces:
            connection.sendall(piece)

    return talk


class Proxy:
    """Tunnels every CONNECT to one port, whatever host it names; keeps the heads of the requests it saw."""

    def __init__(self, to_port: int, refuse: int | None = None) -> None:
        self.heads: list[bytes] = []
        self._to_port = to_port
        self._refuse = refuse

    def talk(self, connection: socket.socket, head: bytes) -> None:
        self.heads.append(head)
        if self._refuse is not None:
            connection.sendall(b"HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n" % self._refuse)
            return
        with socket.create_connection(("127.0.0.1", self._to_port)) as far:
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            while True:
                ready, _, _ = select.select([connection, far], [], [])
                for one in ready:
                    data = one.recv(65536)
                    if not data:
                        return
                    (far if one is connection else connection).sendall(data)


class Certificate:
    """A certificate authority and a server's certificate that it signed, as files."""

    def __init__(self, folder: Path, *names: str) -> None:
        self.authority, self.chain, self.key = (str(folder / name) for name in ("ca.pem", "chain.pem", "key.pem"))
        ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "An authority of the tests")])
        ca = (
            _builder(ca_name, ca_name, ca_key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key()), critical=False)
            .add_extension(_usage(signs=True), critical=True)
            .sign(ca_key, hashes.SHA256())
        )
        server = (
            _builder(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])]), ca_name, key.public_key())
            .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs=False), critical=True)
            .sign(ca_key, hashes.SHA256())
        )
        pem = serialization.Encoding.PEM
        Path(self.authority).write_bytes(ca.public_bytes(pem))
        Path(self.chain).write_bytes(server.public_bytes(pem))
        plain = serialization.NoEncryption()
        Path(self.key).write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))


def _builder(subject: x509.Name, issuer: x509.Name, public_key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.timezone.utc)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
