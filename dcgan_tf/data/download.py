"""Whether a download can work: asked before it begins, and answered within seconds."""

import threading
from urllib.parse import urlsplit

import requests  # also TensorFlow Datasets downloads with it, so both find the same proxies and certificates

PROXY_REFUSALS = (407, 502, 503, 504)


def unreachable(address: str, seconds: float = 5.0) -> str:
    """Why the host of an http(s) address cannot be reached within some seconds, or "" when it can."""
    parts = urlsplit(address)
    answers: list[str] = []

    def ask() -> None:
        try:
            code = requests.head(f"{parts.scheme}://{parts.netloc}/", timeout=seconds / 2).status_code
            answers.append(f"{parts.netloc}: answer {code} from a proxy" if code in PROXY_REFUSALS else "")
        except OSError as fault:  # every error of requests is one
            answers.append(f"{parts.netloc}: {type(fault).__name__}")

    thread = threading.Thread(target=ask, daemon=True)  # a name server that does not answer cannot be interrupted
    thread.start()
    thread.join(seconds)
    return answers[0] if answers else f"no answer from {parts.netloc} within {seconds:g} s"
