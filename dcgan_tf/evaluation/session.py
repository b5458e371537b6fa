"""A run that is judged or explored: its configuration, its images, and what every row says."""

import datetime
from dataclasses import replace
from pathlib import Path
from typing import Any

from dcgan_tf import data, runs
from dcgan_tf.config import DataConfig
from dcgan_tf.data.cache import cache_root
from dcgan_tf.errors import ArgumentError, UserError


class Session:
    """The way from a run to its images, with other places for data and cache than in training if given.

    Attributes:
        run: the run directory.
        config: the run's configuration.
        recorded: what else its config.json holds.
        data: the run's data settings, with the places given here.
        cache: the cache directory.
    """

    def __init__(self, run: runs.RunDirectory, data_dir: str | None = None, cache_dir: str | None = None):
        self.run = run
        self.config, self.recorded = run.read_config()
        places = {"data_dir": data_dir, "cache_dir": cache_dir}
        self.data = replace(self.config.data, **{name: str(place) for name, place in places.items() if place})
        self.data = data.as_applied(self.data, self.recorded["data"])
        self.cache = cache_root(self.data.cache_dir)

    def prepared(self, settings: DataConfig, source: data.Source | None = None) -> data.ImageStore:
        """Images of any data set in the run's size and channels."""
        model, source = self.config.model, source or data.open_source(settings)
        return data.prepare_store(source, model.image_size, model.channels, settings.crop, settings.cache_dir)

    def trained_on(self) -> data.ImageStore:
        """The training images.

        Raises:
            UserError: they cannot be opened, or are not the images that were trained on.
        """
        if self.data.dataset == data.ARRAY:
            return data.reopen(self.recorded["data"], self.data.cache_dir)
        store = data.prepare_recorded(data.open_source(self.data), self.recorded["data"], self.data.cache_dir)
        if store.checksum != self.recorded["data"]["checksum"]:
            raise UserError(f"`run={self.run.path}`: {store.manifest['source']} does not hold the images it was "
                            "trained on (their checksum differs)")  # fmt: skip
        return store

    def unseen(self, trained: data.ImageStore, split: str = "test", dataset: str | None = None) -> data.ImageStore:
        """Real images that were not trained on: a split of the run's data set, or of `dataset` (a name or a path).

        Raises:
            ArgumentError: the run's data set has no other split, or these are the training images.
        """
        if dataset:
            other = replace(self.data, dataset=str(dataset), split=split)
            store = self.prepared(other, data.open_split_or_whole(other)[0])
        elif "split" in trained.manifest["identity"]:
            store = self.prepared(replace(self.data, split=split))
        else:
            raise ArgumentError("test_dataset", "", f"{trained.manifest['source']} has no split that was not trained "
                               "on; name other real images (`test_dataset=PATH`)")  # fmt: skip
        if store.checksum == trained.checksum:
            raise ArgumentError("split", store.manifest["identity"].get("split", ""), "these are the images that the "
                               "run was trained on; name real images that it has not seen")  # fmt: skip
        return store.labeled_as(trained.class_names)

    def complete(self, row: dict[str, Any], path: Path) -> dict[str, Any]:
        """A row of evaluations.jsonl about a checkpoint file, with its place, the versions and the date."""
        moment = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
        place = {"step": runs.step_of(path), "checkpoint": str(path.relative_to(self.run.path))}
        return {**row, **place, "versions": runs.versions(), "date": moment}


def split_of(store: data.ImageStore) -> str:
    """The split of a data set that a store holds; "all" where there are none."""
    return store.manifest["identity"].get("split", "all")
