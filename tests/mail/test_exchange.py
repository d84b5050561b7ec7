"""To whom the desk speaks over the network, whatever a name server says."""

import socket

import pytest

from ipdesk.core.outbox.exchange import PinnedConnection, is_public


@pytest.mark.parametrize("address", [
    "127.0.0.1", "127.9.9.9", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254",
    "100.64.0.1", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1%eth0",
    "0.0.0.0",  # noqa: S104 - refused here, bound nowhere
    "fc00::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::", "ff02::1",
    "64:ff9b::7f00:1", "198.18.0.1", "203.0.113.1",
])
def test_inside_addresses_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34"])
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(("port", "said"), [(443, "market.example:443"), (80, "market.example")])
def test_the_connection_goes_to_the_address_that_was_judged(monkeypatch: pytest.MonkeyPatch, port: int, said: str) -> None:
    asked, head = [], bytearray()

    class Line:
        def sendall(self, content: bytes) -> None:
            head.extend(content)

    def connect(address: tuple[str, int], _timeout: float) -> Line:
        asked.append(address)
        return Line()

    monkeypatch.setattr(socket, "create_connection", connect)
    PinnedConnection("market.example", port, "93.184.216.34", 3.0, None).request("GET", "/")
    assert asked == [("93.184.216.34", port)]
    assert f"\r\nHost: {said}\r\n".encode() in head
