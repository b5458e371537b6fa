"""HTTP requests to TensorFlow Serving, and one line of text for everything that can go wrong with them."""

import re
from http.client import BadStatusLine, LineTooLong
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.exceptions import ChunkedEncodingError
from urllib3.exceptions import NameResolutionError, NewConnectionError, ReadTimeoutError

from dcgan_tf.errors import ArgumentError, UserError

_EXAMPLE = "write it as http://localhost:8501"
_OVERLOADED = (429, 502, 503, 504)
_THIS_MACHINE = ("localhost", "127.0.0.1", "::1", "0.0.0.0")


class ServingError(UserError):
    """The server did not give what was asked for."""


class UnavailableError(ServingError):
    """Waiting may help: no connection, no answer in time, an overloaded server, a model that is still loading."""


class NotFoundError(ServingError):
    """The server has no such model, or no such version of it."""


class RefusedError(ServingError):
    """The model refused the request; the message is its own."""


_OF_CODES = {400: (RefusedError, "the model refused the request"), 404: (NotFoundError, "not found")}

# For a request without an answer: the first line whose types fit the error, or what it wraps.
_NO_HTTP = "this is no HTTP; gRPC has a port of its own, REST is on 8501 by default"
_WITHOUT_ANSWER = (
    ((requests.Timeout, ReadTimeoutError), UnavailableError, "no answer within {timeout:g} s (`timeout`)"),
    (requests.exceptions.ProxyError, UnavailableError, "the proxy of the environment does not answer; see NO_PROXY"),
    (requests.exceptions.SSLError, ServingError, "no secure connection ({cause}); is it http:// instead?"),
    (NameResolutionError, UnavailableError, "this host is not known; check `url`"),
    (NewConnectionError, UnavailableError, "nothing answers there (is the server up, is the port right?)"),
    (ConnectionError, UnavailableError, "the server hung up without an answer"),
    ((BadStatusLine, LineTooLong), ServingError, _NO_HTTP),
    ((requests.ConnectionError, ChunkedEncodingError), UnavailableError, "the connection broke ({cause})"),
    (Exception, ServingError, "the request failed ({cause})"),
)


class Connection:
    """A server's REST interface; arguments and `address` are those of `Client`."""

    def __init__(self, url: str, timeout: float):
        if not 0 < timeout <= 86400:
            raise ArgumentError("timeout", timeout, "it must be more than 0 and at most 86400 seconds")
        self._url, self._timeout = _checked_url(url), timeout
        self.address = re.sub(r"//[^/@]*@", "//", self._url)
        self._session = requests.Session()
        # requests would use the proxy of the environment for this machine, too.
        self._session.trust_env = urlsplit(url).hostname not in _THIS_MACHINE
        self.close = self._session.close

    def ask(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """The JSON object that answers one GET, or one POST of `body`.

        Raises:
            ArgumentError: the URL holds an invalid host name.
            ServingError: there is no such answer; see its subclasses.
        """
        method, url = ("GET" if body is None else "POST"), self._url + path
        try:
            answer = self._session.request(method, url, json=body, timeout=self._timeout, allow_redirects=False)
        except requests.RequestException as error:
            raise self._failure(error) from error
        except ValueError as error:  # urllib3 raises it for a host name with an empty or an overlong part
            raise ArgumentError("url", self.address, f"the host name is not valid; {_EXAMPLE}") from error
        try:
            content = answer.json()
        except ValueError:
            content = None
        return self._checked(answer, content)

    def _checked(self, answer: requests.Response, content: Any) -> dict[str, Any]:
        """The content of a good answer."""
        message = content.get("error") if isinstance(content, dict) else None
        said = sentence(message) if isinstance(message, str) else ""
        code = answer.status_code
        if code in _OVERLOADED:
            raise UnavailableError(f"{self.address}: the server is not ready (HTTP {code}{said and ': '}{said})")
        if answer.is_redirect:
            raise self.unexpected(f"a redirect to {answer.headers['location']}")
        if not isinstance(content, dict) or (code != 200 and not said):
            raise self.unexpected(f"HTTP {code} without its JSON")
        if code != 200:
            kind, text = _OF_CODES.get(code, (ServingError, "the server failed"))
            raise kind(f"{self.address}: {text}: {said}")
        return content

    def unexpected(self, what: str) -> ServingError:
        """The error for an answer that TensorFlow Serving would not give."""
        hint = "its REST interface is on port 8501 by default"
        return ServingError(f"{self.address}: this is not TensorFlow Serving ({what}); {hint}")

    def _failure(self, error: requests.RequestException) -> ServingError:
        """The error for a request without an answer."""
        chain: list[BaseException | None] = [error]  # requests and urllib3 wrap what happened, at several depths
        while chain[-1] is not None and len(chain) < 5:
            chain.append(chain[-1].__cause__ or chain[-1].__context__)
        fits = (row for row in _WITHOUT_ANSWER if any(isinstance(each, row[0]) for each in chain))
        _, kind, text = next(fits)
        cause = next(each for each in reversed(chain[:3]) if each)
        return kind(f"{self.address}: {text.format(timeout=self._timeout, cause=sentence(str(cause)))}")


def _checked_url(url: str) -> str:
    """The URL without a slash at its end."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ArgumentError("url", url, f"{error}; {_EXAMPLE}") from None
    if parts.scheme not in ("http", "https"):
        raise ArgumentError("url", url, f"it must begin with http:// or https://; {_EXAMPLE}")
    if not parts.hostname or port == 0 or re.search(r"[\s\\]", url):
        raise ArgumentError("url", url, f"it names no host; {_EXAMPLE}")
    if parts.query or parts.fragment or "/v1" in parts.path:
        raise ArgumentError("url", url, f"leave out what follows host and port; {_EXAMPLE}")
    return url.rstrip("/")


def sentence(message: str) -> str:
    """A server's message in one line of limited length, without the names of graph nodes."""
    text = re.sub(r"\[\[.*?\]\]", " ", message, flags=re.DOTALL)
    text = re.sub(r"assertion failed: \[([^\]]*)\].*", r"\1", " ".join(text.split()))
    return text if len(text) <= 300 else f"{text[:297]}..."
