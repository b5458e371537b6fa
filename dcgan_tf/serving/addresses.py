"""Network addresses."""

import ipaddress


def is_this_machine(host: str) -> bool:
    """Whether a host's name or number, without a port, is this machine: no proxy of the environment is to be asked."""
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    return address.is_loopback or address.is_unspecified
