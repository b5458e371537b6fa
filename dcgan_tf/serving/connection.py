"""HTTP requests to TensorFlow Serving, and one line of text for everything that can go wrong with them."""

import json
import logging
import math
import os
import re
from collections.abc import Mapping
from http.client import BadStatusLine, LineTooLong
from ssl import SSLCertVerificationError
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.exceptions import ChunkedEncodingError
from urllib3 import Retry, Timeout
from urllib3.exceptions import InvalidHeader, NameResolutionError, NewConnectionError, ReadTimeoutError

from dcgan_tf.errors import ArgumentError, UserError
from dcgan_tf.serving import access
from dcgan_tf.serving.limits import LARGEST_ANSWER, LimitedAdapter, TooLargeError

_LOG = logging.getLogger("dcgan_tf")
_OVERLOADED = (429, 502, 503, 504)


class ServingError(UserError):
    """The server did not give what was asked for."""


class UnavailableError(ServingError):
    """Waiting may help: no connection, no answer in time, an overloaded server, a model that is still loading.

    Attributes:
        retry_after: seconds to wait for, if the server said so; 0 if it did not.
    """

    def __init__(self, message: str, retry_after: float = 0.0):
        super().__init__(message)
        self.retry_after = retry_after


class NotFoundError(ServingError):
    """The server has no such model, or no such version of it."""


class RefusedError(ServingError):
    """The model refused the request; the message is its own."""


_OF_CODES = {
    400: (RefusedError, "the model refused the request"),
    401: (ServingError, "the server asks who you are (HTTP 401); it needs a token that it knows (`token`)"),
    403: (
        ServingError,
        "the server forbids it (HTTP 403); ask whoever runs it whom it lets in, and for a token (`token`)",
    ),
    404: (NotFoundError, "not found"),
    413: (
        ServingError,
        "{size:,} bytes are too much for the server or a proxy before it (HTTP 413); its limit must be raised "
        "(nginx: client_max_body_size), or fewer images asked for at a time",
    ),
}
_OF_PROXIES = (401, 403, 413)  # which programs in front of a server answer, too, without its JSON

# For a request without an answer: the first line whose types fit the error, or what it wraps.
_NO_HTTP = "this is no HTTP; gRPC has a port of its own, REST is on 8501 by default"
_WITHOUT_ANSWER = (
    ((requests.Timeout, ReadTimeoutError), UnavailableError, "no answer within {limit}"),
    (requests.exceptions.ProxyError, UnavailableError, "the proxy of the environment fails ({cause}); see NO_PROXY"),
    (
        SSLCertVerificationError,
        ServingError,
        "its certificate is not trusted ({cause}); `url` must name the host as the certificate does, and `ca_file` the "
        "authority if it is not a public one",
    ),
    (requests.exceptions.SSLError, ServingError, "no secure connection ({cause}); is it http:// instead?"),
    (NameResolutionError, UnavailableError, "this host is not known; check `url`"),
    (NewConnectionError, UnavailableError, "nothing answers there (is the server up, is the port right?)"),
    (ConnectionError, UnavailableError, "the server hung up without an answer{plain}"),
    ((BadStatusLine, LineTooLong), ServingError, _NO_HTTP),
    ((requests.ConnectionError, ChunkedEncodingError), UnavailableError, "the connection broke ({cause})"),
    (Exception, ServingError, "the request failed ({cause})"),
)


class Connection:
    """A server's REST interface; arguments and `address` are those of `Client`."""

    def __init__(
        self,
        url: str,
        timeout: float,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        ca_file: str | os.PathLike | None = None,
    ):
        if not 0 < timeout <= 86400:
            raise ArgumentError("timeout", timeout, "it must be more than 0 and at most 86400 seconds")
        self._url, self._timeout = access.checked_url(url), timeout
        self.address = access.without_password(self._url)
        self._session = requests.Session()
        # requests would use the proxy of the environment for this machine, too.
        self._session.trust_env = not access.is_this_machine(url)
        self._session.headers.update({"Accept-Encoding": "identity", **access.checked_headers(url, token, headers)})
        self._verify = access.trusted(url, ca_file)
        known = "Authorization" in self._session.headers  # in any case of letters
        if known:
            self._session.auth = lambda request: request  # else ~/.netrc would replace it
        if (known or self._url != self.address) and url.startswith("http:") and self._session.trust_env:
            _LOG.warning("%s: whoever is on the way can read the token or password; use https://", self.address)
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, LimitedAdapter())
        self.close = self._session.close

    def ask(self, path: str, body: dict[str, Any] | None = None, within: float = math.inf) -> dict[str, Any]:
        """The JSON object that answers one GET, or one POST of `body`, `within` seconds if these are fewer.

        Raises:
            ArgumentError: the URL holds an invalid host name.
            ServingError: there is no such answer; see its subclasses.
        """
        method, url = ("GET" if body is None else "POST"), self._url + path
        limits = {"timeout": Timeout(total=min(self._timeout, within)), "allow_redirects": False, "stream": True}
        try:
            with self._session.request(method, url, json=body, verify=self._verify, **limits) as answer:
                encoding = answer.headers.get("Content-Encoding", "identity")
                if encoding != "identity":  # a few bytes could become more than the memory holds
                    raise self.unexpected(f"an answer in the encoding {sentence(encoding)}")
                return self._checked(answer)
        except TooLargeError:
            raise self.unexpected(f"an answer of more than {LARGEST_ANSWER >> 20} MiB") from None
        except requests.RequestException as error:
            raise self._failure(error, within) from error
        except ValueError as error:  # urllib3 raises it for a host name with an empty or an overlong part
            raise access.invalid_host(self.address) from error

    def _checked(self, answer: requests.Response) -> dict[str, Any]:
        """The content of a good answer."""
        try:
            content = json.loads(answer.content)
        except (ValueError, RecursionError):
            content = None
        message = content.get("error") if isinstance(content, dict) else None
        said = sentence(message) if isinstance(message, str) else ""
        code, address = answer.status_code, self.address
        if code in _OVERLOADED:
            text = "the server, or a proxy before it, ran out of time" if code == 504 else "the server is not ready"
            raise UnavailableError(f"{address}: {text} (HTTP {code}{said and ': '}{said})", _retry_after(answer))
        if answer.is_redirect:
            raise self._redirected(answer.headers["location"])
        if code not in _OF_PROXIES and (not isinstance(content, dict) or (code != 200 and not said)):
            raise self.unexpected(f"HTTP {code} without its JSON{_words(answer.content)}")
        if code != 200:
            kind, text = _OF_CODES.get(code, (ServingError, "the server failed"))
            text = text.format(size=len(answer.request.body or ""))
            raise kind(f"{address}: {text}{said and ': '}{said}")
        return content

    def _redirected(self, target: str) -> ServingError:
        """The error for a server that sends elsewhere. A token goes nowhere but to the server that it was given for."""
        if target.startswith("https://") and urlsplit(target).hostname == urlsplit(self._url).hostname:
            return ServingError(f"{self.address}: the server wants a secure connection; write `url` with https://")
        return self.unexpected(f"a redirect to {sentence(access.without_password(target))}")

    def unexpected(self, what: str) -> ServingError:
        """The error for an answer that TensorFlow Serving would not give."""
        hint = "its REST interface is on port 8501 by default"
        return ServingError(f"{self.address}: this is not TensorFlow Serving ({what}); {hint}")

    def _failure(self, error: requests.RequestException, within: float) -> ServingError:
        """The error for a request without an answer."""
        chain: list[BaseException | None] = [error]  # requests and urllib3 wrap what happened, at several depths
        while chain[-1] is not None and len(chain) < 5:
            chain.append(chain[-1].__cause__ or chain[-1].__context__)
        fits = (row for row in _WITHOUT_ANSWER if any(isinstance(each, row[0]) for each in chain))
        _, kind, text = next(fits)
        cause = next(each for each in reversed(chain) if each)
        facts = {
            "limit": f"{self._timeout:g} s (`timeout`)" if self._timeout <= within else f"{within:.2g} s",
            "cause": re.sub(r"\[SSL[^]]*\] | \(_ssl\.c:\d+\)", "", sentence(str(cause) or type(cause).__name__)),
            "plain": " (does it expect https://?)" if self._url.startswith("http:") else "",
        }
        return kind(f"{self.address}: {text.format(**facts)}")


def _retry_after(answer: requests.Response) -> float:
    """Seconds, from a number or a date."""
    try:
        return Retry().get_retry_after(answer.raw) or 0.0
    except (InvalidHeader, ValueError, OverflowError):
        return 0.0


def _words(page: bytes) -> str:
    """What the answer of another program says, with a colon before it: the title of an HTML page, or all its text."""
    text = page[:10_000].decode("utf-8", "replace")
    found = re.search(r"<title>(.*?)</title>", text, re.DOTALL | re.IGNORECASE)
    words = sentence(found[1] if found else re.sub("<[^>]*>", " ", text))[:100]
    return f": {words}" if words else ""


def sentence(message: str) -> str:
    """A server's message in one line of limited length, without the names of graph nodes and control characters."""
    text = re.sub(r"\[\[\{\{.*?\}\}\]\]", " ", message, flags=re.DOTALL)
    text = "".join(letter if letter.isprintable() else " " for letter in text)
    text = re.sub(r"assertion failed: \[(.*)\].*", r"\1", " ".join(text.split()))
    return text if len(text) <= 300 else f"{text[:297]}..."
