"""Samples as files that public tools for the Fréchet distance read: an .npz with "arr_0", or a folder of PNG files."""

import logging
import os
import zipfile
from pathlib import Path

import numpy as np

from dcgan_tf import files, images, out_names
from dcgan_tf.errors import ArgumentError
from dcgan_tf.evaluation.features.extractor import with_channels
from dcgan_tf.evaluation.samples import Samples
from dcgan_tf.progress import Progress

log = logging.getLogger(__name__)


def check(text: str) -> None:
    """Raises ArgumentError unless samples can be written there without replacing anything."""
    out = files.expanded(text)
    if out_names.is_folder(text, (".npz",), "samples_out"):
        if out.is_dir() and any(out.iterdir()):
            raise ArgumentError("samples_out", text, "this folder is not empty; name a new one")
    elif out.exists():
        raise ArgumentError("samples_out", text, "this file exists; name another")


def write(samples: Samples, path: str | os.PathLike) -> None:
    """Writes all samples as RGB, as the tools expect; gray becomes three equal channels.

    Raises:
        ArgumentError: nothing can be written there.
    """
    out, folder = files.expanded(path), out_names.is_folder(os.fspath(path), (".npz",), "samples_out")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with Progress(samples.count, "images", "writing samples") as progress:
            (_write_folder if folder else _write_archive)(samples, out, progress)
    except OSError as error:
        raise ArgumentError("samples_out", out, f"cannot write there ({error.strerror})") from error
    log.info("%s samples: %s", f"{samples.count:,}", out)


def _write_archive(samples: Samples, out: Path, progress: Progress) -> None:
    """uint8 [n, height, width, 3] under "arr_0", a block at a time."""
    header = {"descr": "|u1", "fortran_order": False, "shape": (samples.count, *samples.generator.image_shape[:2], 3)}
    with (
        files.written_aside(out) as temporary,
        zipfile.ZipFile(temporary, "w", allowZip64=True) as archive,
        archive.open("arr_0.npy", "w", force_zip64=True) as stream,
    ):
        np.lib.format.write_array_header_1_0(stream, header)
        for block in samples.blocks():
            stream.write(np.ascontiguousarray(with_channels(block, 3)).tobytes())
            progress.advance(len(block))


def _write_folder(samples: Samples, out: Path, progress: Progress) -> None:
    """000000.png and so on, counted from the first sample."""
    number = 0
    with files.folder_written_aside(out) as folder:
        for block in samples.blocks():
            for pixels in with_channels(block, 3):
                images.to_pil(pixels).save(folder / images.file_name(number), format="PNG")
                number += 1
            progress.advance(len(block))
        if out.is_dir():
            out.rmdir()  # it is empty, see `check`
