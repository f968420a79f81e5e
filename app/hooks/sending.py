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
import threading
import unicodedata
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

TIMEOUT = 10.0
"""Seconds that a receiver has to take the connection, and again for each part of its answer."""
DEADLINE = 15.0
"""Seconds that all of a delivery has, however slowly the receiver goes on answering."""
_ASCII = "".join(map(chr, range(33, 127)))
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_NOT_PUBLIC = (ipaddress.ip_network("fec0::/10"), ipaddress.ip_network("192.88.99.0/24"))
"""Deprecated site-local addresses (RFC 3879) and 6to4 relays (RFC 7526), which ``ipaddress`` takes for global."""


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
    if any(one.version == net.version and one in net for net in _NOT_PUBLIC):
        return False
    return one.is_global and not one.is_multicast and not one.is_reserved


def is_inside(host: str) -> bool:
    """Whether a host is written as an address that is not public, or is this machine by name; any other name is
    looked up when a letter is sent. Wide figures and dots are read as plain ones, as a look-up does."""
    host = unicodedata.normalize("NFKC", host).replace("\u3002", ".")
    if host.rstrip(".").lower().split(".")[-1] == "localhost":
        return True
    try:
        return not is_public(host)
    except ValueError:
        pass
    try:  # 2130706433, 0x7f.1 and the like, as the system's own look-up reads them
        return not is_public(socket.inet_ntoa(socket.inet_aton(host)))
    except OSError:
        return False


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
        # The handshake by itself: from here on the timer reaches the socket.
        self.sock = self._tls.wrap_socket(plain, server_hostname=self.host, do_handshake_on_connect=False)
        self.sock.do_handshake()


class _Deadline:
    """Cuts a connection off when its time is over: a socket's own timeout begins anew with every byte."""

    def __init__(self, connection: http.client.HTTPConnection, seconds: float) -> None:
        self.over = False
        self._connection = connection
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True
        self._timer.start()

    def _cut(self) -> None:
        self.over = True
        held = self._connection.sock
        if held is not None:
            with suppress(OSError):  # of the plain socket: TLS has no time left to say goodbye
                socket.socket.shutdown(held, socket.SHUT_RDWR)

    def cancel(self) -> None:
        self._timer.cancel()


def send(
    url: str, body: bytes, headers: dict[str, str], *, private: bool, seconds: float = DEADLINE
) -> Answer:
    """POST it, within so many seconds from the connection on. Raises Refused, TimeoutError, or OSError and
    HTTPException where nobody answered. Redirects are not followed."""
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    host, port = parts.hostname or "", parts.port or (443 if secure else 80)
    address = reachable(host, port, private)
    connection = (_Secure if secure else _Plain)(host, port, address)
    deadline = _Deadline(connection, seconds)
    try:
        target = quote((parts.path or "/") + (f"?{parts.query}" if parts.query else ""), safe=_ASCII)
        connection.request("POST", target, body=body, headers=headers)
        return Answer(connection.getresponse().status)
    except (OSError, http.client.HTTPException, ValueError) as error:
        if deadline.over:
            raise TimeoutError(f"no answer within {seconds:g} s") from error
        raise
    finally:
        deadline.cancel()
        connection.close()
