"""What opens a server: its address, headers, a token, and the authorities whose certificates are trusted."""

import os
import re
import ssl
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from dcgan_tf.errors import ArgumentError

_EXAMPLE = "write it as http://localhost:8501"
_THIS_MACHINE = ("localhost", "127.0.0.1", "::1", "0.0.0.0")
AUTHORITIES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")  # the first that is set


def checked_url(url: str) -> str:
    """The URL without a slash at its end.

    Raises:
        ArgumentError: it is not the address of a server; the text leaves out a password.
    """
    shown = without_password(url)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ArgumentError("url", shown, f"{error}; {_EXAMPLE}") from None
    if parts.scheme not in ("http", "https"):
        raise ArgumentError("url", shown, f"it must begin with http:// or https://; {_EXAMPLE}")
    if not parts.hostname or port == 0 or re.search(r"[\s\\]", url):
        raise invalid_host(shown, "it names no host")
    if parts.query or parts.fragment or "/v1" in parts.path:
        raise ArgumentError("url", shown, f"leave out what follows host and port; {_EXAMPLE}")
    return url.rstrip("/")


def invalid_host(url: str, reason: str = "the host name is not valid") -> ArgumentError:
    """The error for a URL whose host cannot exist."""
    return ArgumentError("url", url, f"{reason}; {_EXAMPLE}")


def without_password(url: str) -> str:
    """The URL without user and password."""
    return re.sub(r"//[^/@]*@", "//", url)


def is_this_machine(url: str) -> bool:
    """Whether the server is on the same machine."""
    return urlsplit(url).hostname in _THIS_MACHINE


def checked_headers(url: str, token: str | None, headers: Mapping[str, str] | None) -> dict[str, str]:
    """The headers of every request, with the token among them. Errors never show what may be secret.

    Raises:
        ArgumentError: no server could read them, or there are two ways to say who asks.
    """
    checked = dict(headers or {})
    for name, value in checked.items():
        if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name):
            raise ArgumentError("headers", "", "a name is letters, digits and dashes, as in Name: value")
        if not re.fullmatch(r"(?:[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?)?", value):
            raise ArgumentError("headers", name, "its value must be one line of ASCII text")
    if token is None:
        return checked
    if not re.fullmatch(r"[\x21-\x7e]+", token):
        raise ArgumentError(
            "token", "", "a token is one word of ASCII text; this one is empty, or has spaces or other letters"
        )
    if "@" in urlsplit(url).netloc or any(name.lower() == "authorization" for name in checked):
        raise ArgumentError("token", "", "leave out the password in `url` and the header Authorization, or the token")
    return {**checked, "Authorization": f"Bearer {token}"}


def trusted(url: str, ca_file: str | os.PathLike | None) -> bool | str:
    """What `verify` of requests is: a file (or folder) with certificates, or True for those of public authorities.

    Raises:
        ArgumentError: the file that was named cannot be used.
    """
    secure = urlsplit(url).scheme == "https"
    if ca_file is not None:
        if not secure:
            raise ArgumentError("ca_file", ca_file, "there are certificates with https:// only, and `url` is http://")
        return _with_certificates("ca_file", Path(os.path.expanduser(ca_file)))  # noqa: PTH111, which raises for ~x
    name = next((name for name in AUTHORITIES if os.environ.get(name)), None)
    return _with_certificates(name, Path(os.environ[name])) if name and secure else True


def _with_certificates(name: str, path: Path) -> str:
    try:
        if not path.is_dir():
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except ssl.SSLError:
        raise ArgumentError(name, path, f"{path} holds no certificate in PEM form") from None
    except OSError as error:
        raise ArgumentError(name, path, f"{path} cannot be read ({error.strerror})") from None
    return str(path)
