"""Getting a TensorFlow Datasets data set from the network: probed first, one clear line on failure, no debris."""

import contextlib
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dcgan_tf.errors import UserError

PROBE_SECONDS = 5.0
FALLBACK = "https://storage.googleapis.com/"  # where TFDS keeps its own files
PROXY_REFUSALS = (407, 502, 503, 504)


def download(builder: Any, dataset: str) -> None:
    """Downloads and prepares a data set with TFDS's own progress.

    Args:
        builder: a tfds.core.DatasetBuilder.
        dataset: its name as the user wrote it.

    Raises:
        UserError: no network, or the download failed; what to do instead is in the message.
    """
    data_dir = Path(builder.data_dir).parents[len(Path(builder.info.full_name).parts) - 1]
    instructions = builder.MANUAL_DOWNLOAD_INSTRUCTIONS
    manual = data_dir / "downloads" / "manual"
    if instructions and not (manual.is_dir() and any(manual.iterdir())):
        line = " ".join(instructions.split())[:200]
        raise UserError(f"--dataset={dataset}: its files must be put into {manual} by hand: {line}")
    fault = unreachable(_address(builder))
    if fault:
        raise UserError(
            f"--dataset={dataset}: no prepared data in {data_dir} and no network ({fault}); prepare it on a machine "
            f"with a network (python -c \"import tensorflow_datasets as t; t.load('{dataset}')\"), copy the folder "
            f"here and set --data_dir or TFDS_DATA_DIR to it, or give --dataset the path of a folder or .zip of images"
        )
    with _swept(data_dir, Path(builder.data_dir)):
        try:
            builder.download_and_prepare()
        except Exception as fault:
            raise UserError(
                f"--dataset={dataset}: TensorFlow Datasets could not prepare it ({_first_line(fault)}); get the images "
                f"by another way and give --dataset the path of a folder or .zip of them"
            ) from fault


def _first_line(fault: Exception) -> str:
    lines = [line for line in str(fault).splitlines() if line.strip()]
    text = f"{type(fault).__name__}: {lines[0].strip() if lines else ''}"
    return text if len(text) <= 250 else text[:247] + "..."


def _address(builder: Any) -> str:
    """The root of a host that the data set comes from."""
    with contextlib.suppress(Exception):
        for url in builder.url_infos or ():
            parts = urlsplit(url)
            if parts.scheme in ("http", "https") and parts.hostname:
                return f"{parts.scheme}://{parts.netloc}/"
    return FALLBACK


def unreachable(address: str) -> str:
    """Why the root of a host cannot be reached, or "" when it can; known within seconds, whatever is wrong."""
    return _probe_within(address, PROBE_SECONDS)


def _probe_within(address: str, seconds: float) -> str:
    """Why the address cannot be reached, or "" when it can.

    A thread of its own, because a name server that does not answer cannot be interrupted.
    """
    answers: list[str] = []
    thread = threading.Thread(target=lambda: answers.append(_probe(address, seconds / 2)), daemon=True)
    thread.start()
    thread.join(seconds)
    return answers[0] if answers else f"no answer from {urlsplit(address).netloc} within {seconds:g} s"


def _probe(address: str, timeout: float) -> str:
    import requests  # what TFDS downloads with, so proxies and certificates are found in the same way

    host = urlsplit(address).netloc
    try:
        response = requests.head(address, timeout=timeout, allow_redirects=False)
    except (requests.RequestException, OSError) as fault:
        return f"{host}: {type(fault).__name__}"
    refused = response.status_code in PROXY_REFUSALS
    return f"{host}: answer {response.status_code} from a proxy" if refused else ""


@contextlib.contextmanager
def _swept(data_dir: Path, version_dir: Path) -> Iterator[None]:
    """When the block fails, removes unfinished files and the empty folders that it made. Whole downloads stay."""
    downloads = data_dir / "downloads"
    own = [version_dir, *version_dir.parents]
    made = [path for path in own if not path.exists()]
    made += [path for path in (downloads / "extracted", downloads / "manual", downloads) if not path.exists()]
    began = time.time() - 2
    try:
        yield
    except BaseException:
        for path in _unfinished(downloads, version_dir.parent, began):
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        _drop_empty(made)
        raise


def _unfinished(downloads: Path, dataset_dir: Path, began: float) -> list[Path]:
    paths = [*downloads.glob("**/*.tmp.*"), *dataset_dir.glob("*incomplete*")]
    return [path for path in paths if path.exists() and path.stat().st_mtime >= began]


def _drop_empty(folders: list[Path]) -> None:
    for folder in sorted(set(folders), key=lambda path: len(path.parts), reverse=True):
        for inner in sorted(folder.glob("*/"), reverse=True):
            with contextlib.suppress(OSError):
                inner.rmdir()
        with contextlib.suppress(OSError):
            folder.rmdir()
