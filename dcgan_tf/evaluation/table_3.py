"""Table 3 of the paper, with the real training images as control."""

import logging
from pathlib import Path
from typing import Any

from dcgan_tf import data, evaluation, metrics
from dcgan_tf.evaluation import digits
from dcgan_tf.evaluation.session import Session
from dcgan_tf.models.trained import load_generator

log = logging.getLogger(__name__)


def search_task(session: Session, names: list[str], trained: data.ImageStore, test: data.ImageStore):
    """Searches the real images, the control of every checkpoint, and returns what judges one.

    Args:
        session: a conditional run.
        names: of metrics, all of `nearest_neighbor`.
        trained: the labelled training images.
        test: labelled images that were not trained on.
    """
    counts = [metrics.metric(name).samples for name in names]
    control = digits.of_real(trained, test)
    split = (
        f"{trained.manifest['identity'].get('split', 'all')}, tested on {test.manifest['identity'].get('split', 'all')}"
    )

    def rows_of(path: Path, report: digits.SearchReport, named: list[tuple[str, int]], **more: Any) -> list[dict]:
        seconds = {"generation": report.generation, "features": 0.0, "metric": report.search}
        log.info(
            "%s training images searched: %s images/s, %.0f %% of the rate of a bare matrix product",
            f"{report.images:,}", f"{report.images_per_second:,.0f}", 100 * report.rate_share,
        )  # fmt: skip
        return [
            session.row(
                path, name, report.errors[count], deviation=None, samples=count, better="lower", ideal=None,
                extractor="pixels", split=split, resize="none", real=trained.manifest["source"], seconds=seconds,
                images_per_second=round(report.images_per_second, 1), rate_share=round(report.rate_share, 3), **more,
            )
            for name, count in named
        ]  # fmt: skip

    def task(path: Path) -> list[dict]:
        made = load_generator(session.run, path, session.request.weights)
        samples = evaluation.Samples(made, max(counts), session.request.seed)
        report = digits.of_samples(samples, test, counts)
        own = rows_of(
            path, report, list(zip(names, counts, strict=True)), seed=session.request.seed, weights=made.weights
        )
        real = [("nearest_neighbor", len(trained))]
        return own + rows_of(path, control, real, seed=None, weights=None, control="real training images")

    return task
