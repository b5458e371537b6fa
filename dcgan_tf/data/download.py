"""Whether a download can work: asked before it begins, and answered within seconds."""

import threading
from urllib.parse import urlsplit

PROXY_REFUSALS = (407, 502, 503, 504)


def unreachable(address: str, seconds: float = 5.0) -> str:
    """Why the host of an http(s) address cannot be reached within some seconds, or "" when it can."""
    parts = urlsplit(address)
    answers: list[str] = []

    def ask() -> None:
        answers.append(_problem(f"{parts.scheme}://{parts.netloc}/", parts.netloc, seconds / 2))

    thread = threading.Thread(target=ask, daemon=True)  # a name server that does not answer cannot be interrupted
    thread.start()
    thread.join(seconds)
    return answers[0] if answers else f"no answer from {parts.netloc} within {seconds:g} s"


def _problem(root: str, host: str, timeout: float) -> str:
    import requests  # also TensorFlow Datasets downloads with it, so both find the same proxies and certificates

    try:
        response = requests.head(root, timeout=timeout, allow_redirects=False)
    except OSError as fault:  # every error of requests is one
        return f"{host}: {type(fault).__name__}"
    refused = response.status_code in PROXY_REFUSALS
    return f"{host}: answer {response.status_code} from a proxy" if refused else ""
