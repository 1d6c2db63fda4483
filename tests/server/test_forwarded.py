"""What proxies say of whose a request is, and how much of it is believed."""

import pytest

from binder_registry.server import Options
from binder_registry.server.http.forwarded import LONGEST, MOST_HOPS, TrustedProxies, normal_networks

PROXY = "10.0.0.1"
TRUSTED = TrustedProxies(["10.0.0.0/8", "fd00::/8"])


def plain(*values: str) -> str:
    return TRUSTED.client(PROXY, [(b"x-forwarded-for", value.encode()) for value in values])


def standard(*values: str) -> str:
    return TRUSTED.client(PROXY, [(b"forwarded", value.encode()) for value in values])


@pytest.mark.parametrize(
    ("header", "client"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("203.0.113.9, 192.0.2.7", "192.0.2.7"),
        ("203.0.113.9,192.0.2.7 ,\t10.1.1.1", "192.0.2.7"),
        ("192.0.2.7:50000", "192.0.2.7"),
        ("2001:db8::7", "2001:db8::7"),
        ("[2001:DB8:0::7]", "2001:db8::7"),
        ("[2001:db8::7]:50000", "2001:db8::7"),
        ("fe80::7%eth0", "fe80::7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("192.0.2.7, fd00::1", "192.0.2.7"),
        ("192.0.2.7, ::ffff:10.1.1.1", "192.0.2.7"),
    ],
)
def test_the_client_is_the_first_from_the_right_that_is_not_trusted(header: str, client: str) -> None:
    assert plain(header) == client


@pytest.mark.parametrize("header", ["", "unknown", "_hidden", "192.0.2.7,", "192.0.2.300", "client.example", "1:2:3"])
def test_what_is_no_address_leaves_the_proxy_that_said_so(header: str) -> None:
    assert plain(header) == PROXY
    assert plain(f"192.0.2.7, {header}, 10.1.1.1") == "10.1.1.1"


def test_where_all_are_trusted_the_client_is_the_first_of_them() -> None:
    assert plain("10.3.3.3, 10.2.2.2") == "10.3.3.3"


def test_without_a_header_the_client_is_the_proxy() -> None:
    assert TRUSTED.client(PROXY, [(b"host", b"registry")]) == PROXY


def test_a_header_in_several_lines_is_one_list() -> None:
    assert plain("203.0.113.9", "192.0.2.7", "10.1.1.1") == "192.0.2.7"
    assert standard("for=203.0.113.9", "for=192.0.2.7, for=10.1.1.1") == "192.0.2.7"


@pytest.mark.parametrize(
    ("header", "client"),
    [
        ("for=192.0.2.7", "192.0.2.7"),
        ("For=192.0.2.7;proto=https;by=10.0.0.1", "192.0.2.7"),
        ("proto=https; for=192.0.2.7 ;host=registry", "192.0.2.7"),
        ('for="192.0.2.7:50000"', "192.0.2.7"),
        ('for="[2001:db8:cafe::17]:4711"', "2001:db8:cafe::17"),
        (r'for="192\.0.2.7"', "192.0.2.7"),
        ("for=203.0.113.9, for=192.0.2.7, for=10.1.1.1", "192.0.2.7"),
        ('for=203.0.113.9;ext="a, for=198.51.100.1;b", for=192.0.2.7', "192.0.2.7"),
    ],
)
def test_the_standard_header_names_the_client_alike(header: str, client: str) -> None:
    assert standard(header) == client


@pytest.mark.parametrize(
    "header",
    [
        "",
        "proto=https",
        "for=192.0.2.7, proto=https",
        "for=_gazonk",
        "for=unknown",
        "for=192.0.2.7;for=198.51.100.1",
        'for="192.0.2.7',
        "for=192.0.2.7;;",
        "192.0.2.7",
    ],
)
def test_a_standard_header_that_names_none_leaves_the_proxy(header: str) -> None:
    assert standard(header) == PROXY


@pytest.mark.parametrize("added", ["for=192.0.2.7", 'for="[2001:db8::7]"', 'for="[2001:db8::7]";host="registry"'])
@pytest.mark.parametrize(
    "forged", ['for=203.0.113.9;x="', 'for="203.0.113.9', 'for=203.0.113.9;x="\\', "for=203.0.113.9;"]
)
def test_no_client_gets_itself_taken_for_another_by_an_open_end(forged: str, added: str) -> None:
    assert standard(f"{forged}, {added}") in (PROXY, "192.0.2.7", "2001:db8::7")


def test_of_two_headers_that_name_different_clients_none_is_believed() -> None:
    both = [(b"x-forwarded-for", b"192.0.2.7"), (b"forwarded", b"for=203.0.113.9")]
    alike = [(b"x-forwarded-for", b"192.0.2.7"), (b"forwarded", b'for="192.0.2.7:1"')]

    assert (TRUSTED.client(PROXY, both), TRUSTED.client(PROXY, alike)) == (PROXY, "192.0.2.7")


def test_a_long_header_is_not_looked_through() -> None:
    hops = ", ".join(["10.1.1.1"] * MOST_HOPS)

    assert plain(f"192.0.2.7, {hops}") == "10.1.1.1"
    assert plain("9" * LONGEST + ",192.0.2.7") == PROXY


def test_networks_are_taken_as_people_write_them() -> None:
    given = normal_networks(["10.0.0.0/8, 192.0.2.1", "fd00::/8 [::1]", "192.0.2.1", "::ffff:172.16.0.0/108"])

    assert given == ("10.0.0.0/8", "192.0.2.1/32", "fd00::/8", "::1/128", "172.16.0.0/12")
    assert Options(trusted_proxies=("::1",)).trusted_proxies == ("::1/128",)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("proxy.example", "'proxy.example': it must be an address or a network"),
        ("10.0.0.1/8", "bits beyond its length: is 10.0.0.0/8 meant"),
        ("*", "must be an address"),
        ("http://ada:secret@10.0.0.1", r"proxy '10\.0\.0\.1'"),
    ],
)
def test_what_is_no_network_is_refused_without_its_password(given: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem) as refused:
        Options(trusted_proxies=(given,))

    assert "secret" not in str(refused.value)
