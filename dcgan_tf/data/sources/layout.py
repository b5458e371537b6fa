"""What the folders of a data set mean: splits, classes, or nothing. It knows paths only, so folders and zips agree."""

import itertools
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace

from dcgan_tf.errors import ArgumentError
from dcgan_tf.files import printable

FEW = 0.1
"""At most this share of the files may lie beside folders that are classes or splits; they are left out."""
WHOLE = "train"
"""The default split, and what data without splits count as."""
NAMES_SHOWN = 3
SPLITS = {"tr": "train", "te": "test", "va": "validation", "de": "validation"}
# train, Training, train2017, train_images, training_set, trainA, seg_train, ...
_SPLIT = re.compile(
    r"(?P<start>(?:.*[ _-])?)(?P<kind>train(?:ing)?|test(?:ing|s)?|val(?:id(?:ation)?)?|dev)"
    r"(?:[ _-]?(?:set|images|imgs|data|split|\d+)|[ _-][a-z]|(?-i:(?<=[a-z])[A-Z]))?",
    re.IGNORECASE,
)

Folders = dict[str, list[str]]  # the name of a folder -> the paths of the files below it


class NoSplits(ArgumentError):
    """A split was asked for, and the images are not divided into splits."""


@dataclass(frozen=True)
class Layout:
    """Which files are used, and their classes.

    Attributes:
        depth: which part of a path names its class.
        classes: names of the sub-folders that are classes, sorted; empty where there are none.
        split: the split that was taken; "" where the files are not divided.
        left_out: paths that are not used although they may be images.
        no_classes: why there are no classes, as the end of a sentence; "" where there are.
        notes: what a person should know about all this, one sentence each.
    """

    depth: int = 0
    classes: tuple[str, ...] = ()
    split: str = ""
    left_out: frozenset[str] = field(default=frozenset(), repr=False)
    no_classes: str = ""
    notes: tuple[str, ...] = ()


def read(paths: list[str], split: str = WHOLE) -> Layout:
    """The layout of a data set.

    Sub-folders are splits if one is named like train/ and one like test/ or validation/, or like seg_train/ and
    seg_test/, but not like bullet train/ and crash test/. Other sub-folders are classes if two or more hold files and
    nearly all files are in them. A folder that holds nearly all the rest, as unpacking a zip makes it, is passed over.

    Args:
        paths: of all files that may be images, with forward slashes, sorted.
        split: the one to take: the name of a folder, or "train", "test", "validation" for one that is named like it.

    Raises:
        NoSplits: another split than the default is asked for, and there are none.
        ArgumentError: there is no such split.
    """
    depth, folders, loose = _descended(paths, 0)
    splits = _splits(folders)
    if not (splits and _few(loose, paths)):
        if split != WHOLE:
            found = f"its sub-folders are {_listed(folders)}" if folders else "it has no sub-folders"
            remedy = f"{found}; a split is a folder named train/, test/ or validation/ beside the others"
            raise NoSplits("split", split, remedy)
        return _with_classes(depth, folders, loose, paths)
    taken = _taken(folders, splits, split)
    aside = {name: len(inside) for name, inside in folders.items() if name not in taken}
    inside = sorted(itertools.chain(*taken.values()))
    below = (depth, taken, []) if len(taken) > 1 else _descended(inside, depth + 1)
    layout = _with_classes(*below, inside)
    used = " and ".join(f"{printable(name)}/" for name in taken)
    notes = [f"split: {used} is used; left aside: {_counted(aside)}; `split` takes another folder"]
    if loose:
        notes.append(f"left out: {_files(loose)} beside these folders")
    left_out = layout.left_out.union(loose, *(folders[name] for name in aside))
    return replace(layout, split=split, left_out=left_out, notes=(*notes, *layout.notes))


def read_as_before(paths: list[str]) -> Layout:
    """The layout by the rules until version 0.2: no splits, and a single file beside the folders ends all classes."""
    folders = [path.split("/")[:-1] for path in paths]
    ends = zip(folders[0], folders[-1], strict=False)  # paths are sorted: what the first and the last share, all share
    depth = len(list(itertools.takewhile(lambda pair: pair[0] == pair[1], ends)))
    if not all(len(parts) > depth for parts in folders):
        return Layout(depth)
    return Layout(depth, tuple(sorted({parts[depth] for parts in folders})))


def _descended(paths: list[str], depth: int) -> tuple[int, Folders, list[str]]:
    """The depth below all folders that hold nearly all the rest, the folders there, and the files beside them."""
    total, loose = paths, []
    while True:
        folders: Folders = {}
        for path in paths:
            parts = path.split("/", depth + 1)
            (folders.setdefault(parts[depth], []) if len(parts) > depth + 1 else loose).append(path)
        if len(folders) != 1 or not _few(loose, total):
            return depth, folders, loose
        (paths,) = folders.values()
        depth += 1


def _with_classes(depth: int, folders: Folders, loose: list[str], paths: list[str]) -> Layout:
    if not folders:
        return Layout(depth, no_classes="its files are all in one folder, and a class is a sub-folder")
    if len(folders) < 2 or not _few(loose, paths):
        beside = f"{_files(loose)} of {len(paths):,} lie beside {_listed(folders)}"
        remedy = "move them into the sub-folders that are classes, or away"
        return Layout(depth, no_classes=f"{beside}: {remedy}", notes=(f"no classes: {beside}; {remedy}",))
    notes = [f"left out: {_files(loose)} beside the folders that are classes"] if loose else []
    if _splits({path.split("/")[depth + 1] for path in paths if path.count("/") > depth + 1}):
        notes.append("all are used: folders like train/ and test/ inside the classes are no splits, only above them")
    return Layout(depth, tuple(sorted(folders)), left_out=frozenset(loose), notes=tuple(notes))


def _splits(folders: Iterable[str]) -> dict[str, str]:
    """The folders that are splits, and of which kind: "train", "test" or "validation"."""
    alike: dict[str, dict[str, str]] = {}
    for name in folders:
        start, kind = _parts(name)
        if kind:
            alike.setdefault(start, {})[name] = kind
    return {name: kind for each in alike.values() if {"train"} < set(each.values()) for name, kind in each.items()}


def _parts(name: str) -> tuple[str, str]:
    """What a name that is like a split's begins with, and the kind of split; two empty texts for any other name."""
    found = _SPLIT.fullmatch(name)
    return (found["start"].lower(), SPLITS[found["kind"][:2].lower()]) if found else ("", "")


def _taken(folders: Folders, splits: dict[str, str], split: str) -> Folders:
    """The folders of a split: the one of that name, or all that are named like it (trainA and trainB)."""
    _, wanted = _parts(split)
    exact = [name for name in folders if name.lower() == split.lower()]
    if names := exact or [name for name, kind in splits.items() if kind == wanted]:
        return {name: folders[name] for name in names}
    counts = _counted({name: len(paths) for name, paths in folders.items()})
    raise ArgumentError("split", split, f"there is no such folder; there are {counts}")


def _few(loose: list[str], paths: list[str]) -> bool:
    return len(loose) <= FEW * len(paths)


def _counted(folders: dict[str, int]) -> str:
    return ", ".join(f"{printable(name)}/ ({count:,} files)" for name, count in folders.items())


def _files(paths: list[str]) -> str:
    return f"{len(paths):,} {'file' if len(paths) == 1 else 'files'} ({_listed(paths, '')})"


def _listed(names: Collection[str], end: str = "/") -> str:
    shown = [f"{printable(name)}{end}" for name in itertools.islice(names, NAMES_SHOWN)]
    return ", ".join(shown) + (", ..." if len(names) > NAMES_SHOWN else "")
