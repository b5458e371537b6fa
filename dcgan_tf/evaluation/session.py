"""A run that is judged: what was asked for, its data, and the form of its rows."""

import datetime
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from dcgan_tf import data, evaluation, runs, seeds
from dcgan_tf.config import Config, DataConfig
from dcgan_tf.data.cache import cache_root
from dcgan_tf.errors import ArgumentError, UserError
from dcgan_tf.evaluation import features, judging
from dcgan_tf.runs import versions


@dataclass(frozen=True)
class Request:
    """The settings of `evaluate.py`, which explains them, by the names of its flags."""

    features: str = "classifier"
    weights: str | None = None
    split: str = "test"
    test_dataset: str | None = None
    data_dir: str | None = None
    cache_dir: str | None = None
    inception: str | None = None
    seed: int = evaluation.FIRST_SEED
    probe_dataset: str | None = None
    labels_per_class: int = 0
    draws: int = 10
    costs: str | None = None
    controls: bool = False


@dataclass(frozen=True)
class Session:
    """What all checkpoints are judged with.

    Attributes:
        run, config, recorded: the run directory and what its config.json holds.
        request: what was asked for.
        data: the run's data settings, with the places that were given on the command line.
        cache: the cache directory.
    """

    run: runs.RunDirectory
    request: Request
    config: Config
    recorded: dict[str, Any]
    data: DataConfig
    cache: Path

    @classmethod
    def opened(cls, run: runs.RunDirectory, request: Request) -> "Session":
        """The session of a run.

        Raises:
            UserError: there is no run.
        """
        config, recorded = run.read_config()
        given = {name: getattr(request, name) for name in ("data_dir", "cache_dir") if getattr(request, name)}
        settings = replace(config.data, **given)
        return cls(run, request, config, recorded, settings, cache_root(settings.cache_dir))

    def prepared(self, settings: DataConfig) -> data.ImageStore:
        """Images at the size and with the channels of the run."""
        model = self.config.model
        source = data.open_source(settings)
        return data.prepare_store(source, model.image_size, model.channels, settings.crop, settings.cache_dir)

    def trained_on(self) -> data.ImageStore:
        """The training images."""
        store = self.prepared(self.data)
        if store.checksum != self.recorded["data"]["checksum"]:
            raise UserError(f"--run={self.run.path}: {store.manifest['source']} are not the images it was trained on")
        return store

    def unseen(self, trained: data.ImageStore) -> data.ImageStore:
        """Real images that were not trained on."""
        if self.request.test_dataset:
            store = self.prepared(replace(self.data, dataset=self.request.test_dataset, split=self.request.split))
        elif trained.manifest["identity"].get("kind") == "tfds":
            store = self.prepared(replace(self.data, split=self.request.split))
        else:
            raise ArgumentError("test_dataset", "", f"{trained.manifest['source']} has no split of images that were not "
                               "trained on; name some (--test_dataset=PATH)")  # fmt: skip
        return judging.unseen_images(store, trained)

    def row(self, path: Path, metric: str, value: float, **more: Any) -> dict[str, Any]:
        """A row of evaluations.jsonl."""
        moment = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
        place = {"step": runs.step_of(path), "checkpoint": str(path.relative_to(self.run.path))}
        return {"metric": metric, "value": value, **more, **place, "versions": versions(), "date": moment}


def statistics_images(store: data.ImageStore, chosen: np.ndarray | None = None) -> np.ndarray:
    """Images for the statistics of batch norm, see `statistics_rows`."""
    return np.asarray(store.images[statistics_rows(store, chosen)])


def statistics_rows(store: data.ImageStore, chosen: np.ndarray | None = None) -> np.ndarray:
    """Rows for the statistics of batch norm, drawn from all or from the chosen ones.

    In random order: a store may be sorted by class, and a batch of one class has a variance of its own.
    """
    wanted = features.discriminator.STATISTICS_BATCHES * features.discriminator.STATISTICS_BATCH
    rows = np.arange(len(store)) if chosen is None else chosen
    return rows[seeds.generator(0, "statistics_images", 0).permutation(len(rows))[:wanted]]
