"""One POST to a receiver: to an address that was looked at before, signed, within a time.

The signature is that of Standard Webhooks: base64 of HMAC-SHA256 over ``id.timestamp.body``, as
``webhook-signature: v1,...``; two of them while a secret is being replaced.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import ipaddress
import socket
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

TIMEOUT = 10.0
"""Seconds that a receiver has to take the connection, and again to answer."""
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class Refused(Exception):
    """Not sent: the address is not one to send to."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The receiver's HTTP status; its body is not read."""

    status: int

    @property
    def taken(self) -> bool:
        return 200 <= self.status < 300


def signatures(secrets: Iterable[str], message: str, timestamp: int, body: bytes) -> str:
    """The header ``webhook-signature``: one for each secret."""
    signed = f"{message}.{timestamp}.".encode() + body
    return " ".join(
        "v1," + base64.b64encode(hmac.new(_bytes_of(one), signed, hashlib.sha256).digest()).decode()
        for one in secrets
    )


def _bytes_of(secret: str) -> bytes:
    return base64.b64decode(secret.removeprefix("whsec_"))


def reachable(host: str, port: int, private: bool) -> str:
    """An address of the host, looked up now. Raises Refused where any of its addresses is not public, unless private
    ones are allowed; the connection goes to this very address, so that a name cannot change in between."""
    try:
        found = {str(one[4][0]) for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError) as error:
        raise Refused(f"找不到主机 {host}。") from error
    if not private and (inside := sorted(one for one in found if not is_public(one))):
        raise Refused(f"{host} 指向内部地址 {inside[0]}，不予投递。")
    return sorted(found, key=lambda one: ":" in one)[0]


def is_public(address: str) -> bool:
    """Whether an address is one of the public internet, what is wrapped in IPv6 unwrapped."""
    one = ipaddress.ip_address(address.split("%", 1)[0])
    if isinstance(one, ipaddress.IPv6Address):
        if one.ipv4_mapped is not None:
            one = one.ipv4_mapped
        elif one.sixtofour is not None:
            one = one.sixtofour
        elif one in _NAT64:
            one = ipaddress.IPv4Address(int(one) & 0xFFFFFFFF)
    return one.is_global and not one.is_multicast and not one.is_reserved


class _Plain(http.client.HTTPConnection):
    """To an address that was chosen, whatever the name says by now."""

    def __init__(self, host: str, port: int, address: str) -> None:
        super().__init__(host, port, timeout=TIMEOUT)
        self._address = address

    def connect(self) -> None:
        self.sock = socket.create_connection((self._address, self.port), TIMEOUT)


class _Secure(http.client.HTTPSConnection):
    """The same over TLS; the certificate is that of the name."""

    def __init__(self, host: str, port: int, address: str) -> None:
        self._tls = ssl.create_default_context()
        super().__init__(host, port, timeout=TIMEOUT, context=self._tls)
        self._address = address

    def connect(self) -> None:
        plain = socket.create_connection((self._address, self.port), TIMEOUT)
        self.sock = self._tls.wrap_socket(plain, server_hostname=self.host)


def send(url: str, body: bytes, headers: dict[str, str], *, private: bool) -> Answer:
    """POST it. Raises Refused, or OSError and HTTPException where nobody answered. Redirects are not followed."""
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    host, port = parts.hostname or "", parts.port or (443 if secure else 80)
    address = reachable(host, port, private)
    connection = (_Secure if secure else _Plain)(host, port, address)
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", target, body=body, headers=headers)
        return Answer(connection.getresponse().status)
    finally:
        connection.close()
