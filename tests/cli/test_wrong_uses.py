"""Wrong uses, each answered by one clear line and a non-zero exit.

An entry is (script, arguments, what the line must say). {tmp} is a scratch folder with the files made below, {run} a
finished run of the tiny preset, {conditional} one with labels.
"""

import os
import zipfile

import numpy as np
import pytest
from PIL import Image

from dcgan_tf import checkpoints, files

TRAIN, GENERATE, EXPORT, EVALUATE = "train", "generate", "export", "evaluate"

WRONG = [
    # the command line itself
    (TRAIN, "--datset=mnist", "did you mean --dataset?"),
    (TRAIN, "mnist", "settings are written --name=value"),
    (TRAIN, "--preset=dcgan", "choose one of paper_64"),
    (TRAIN, "--steps=many", "--steps=many: it must be a whole number"),
    (TRAIN, "--steps=2.5", "it must be a whole number"),
    (TRAIN, "--learning_rate=fast", "it must be a number"),
    (TRAIN, "--preset=tiny --decay_start=5", "--decay_steps"),
    (TRAIN, "--preset=tiny --decay_start=2 --decay_steps=3", "the learning rate is 0 from step 5 on"),
    (TRAIN, "--preset=tiny --decay_steps=-1", "it must be at least 0"),
    (TRAIN, "--flip=perhaps", "--flip=perhaps"),
    (TRAIN, "--run=", "it is empty"),
    (TRAIN, "--dataset=", "it is empty"),
    # values out of range
    (TRAIN, "--preset=tiny --steps=-5", "--steps=-5: it must be at least 1"),
    (TRAIN, "--preset=tiny --steps=0", "--steps=0"),
    (TRAIN, "--preset=tiny --batch_size=1", "it must be at least 2"),
    (TRAIN, "--preset=tiny --learning_rate=0", "it must be above 0"),
    (TRAIN, "--preset=tiny --learning_rate=nan", "--learning_rate=nan"),
    (TRAIN, "--preset=tiny --beta_1=1", "at least 0 and below 1"),
    (TRAIN, "--preset=tiny --ema_decay=1.5", "--ema_decay=1.5"),
    (TRAIN, "--preset=tiny --label_smoothing=0.7", "below 0.5"),
    (TRAIN, "--preset=tiny --latent_dim=0", "--latent_dim=0"),
    (TRAIN, "--preset=tiny --channels=2", "choose one of 1, 3, 4"),
    (TRAIN, "--preset=tiny --seed=-1", "--seed=-1: it must be at least 0 and at most 2,147,483,647"),
    (TRAIN, "--preset=tiny --log_every=0", "--log_every=0"),
    (TRAIN, "--preset=tiny --evaluate_every=-1", "--evaluate_every=-1: it must be at least 0"),
    (TRAIN, "--preset=tiny --evaluate_every=0 --stop_on_collapse", "set --evaluate_every"),
    (TRAIN, "--preset=tiny --loss=wgan", "choose one of bce, lsgan, hinge"),
    (TRAIN, "--preset=tiny --update=alternate", "choose one of simultaneous, algorithm1"),
    (TRAIN, "--preset=tiny --precision=float16", "mixed_float16"),
    (TRAIN, "--preset=tiny --epochs=0", "it must be above 0"),
    (TRAIN, "--preset=tiny --epochs=1 --steps=5", "give either --steps or --epochs"),
    (TRAIN, "--preset=tiny --d_steps=3", "needs --update=algorithm1"),
    # sizes
    (TRAIN, "--preset=torch_64 --image_size=100", "the nearest are 96 or 112"),
    (TRAIN, "--preset=compact_32 --image_size=28", "the nearest are 16 or 32"),
    (TRAIN, "--preset=tiny --image_size=big", "64x96"),
    (TRAIN, "--preset=tiny --image_size=0", "from 8 to 1024"),
    (TRAIN, "--preset=tiny --image_size=5000", "from 8 to 1024"),
    # data
    (TRAIN, "--preset=tiny --dataset={tmp}/nowhere", "there is no such folder or file"),
    (TRAIN, "--preset=tiny --dataset={tmp}/missing.zip", "there is no such folder or file"),
    (TRAIN, "--preset=tiny --dataset=mnits", "did you mean mnist"),
    (TRAIN, "--preset=tiny --dataset={tmp}/empty", "empty"),
    (TRAIN, "--preset=tiny --dataset={tmp}/texts", "texts"),
    (TRAIN, "--preset=tiny --dataset={tmp}/broken", "broken"),
    (TRAIN, "--preset=tiny --dataset={tmp}/no.zip", "no.zip"),
    (TRAIN, "--preset=tiny --dataset={tmp}/empty.zip", "empty.zip"),
    (TRAIN, "--preset=tiny --dataset={tmp}/flat.npz", "uint8 [10, 64]"),
    (TRAIN, "--preset=tiny --dataset={tmp}/five.npz", "uint8 [4, 8, 8, 5]"),
    (TRAIN, "--preset=tiny --dataset={tmp}/no.npz", "no.npz"),
    (TRAIN, "--preset=tiny --dataset={tmp}/objects.npz", "objects.npz"),
    (TRAIN, "--preset=tiny --dataset={tmp}/note.txt", "a file must be a .zip of images or an .npz"),
    (TRAIN, "--preset=tiny --cache_dir={tmp}/note.txt", "--cache_dir"),
    (TRAIN, "--dataset=~nobody/photos", "there is no such folder or file"),
    (TRAIN, "--preset=tiny --epochs=1e12", "--epochs=1e+12: these are"),
    # labels
    (TRAIN, "--preset=tiny --conditional --dataset={tmp}/grey.npz", "this data set has no labels"),
    (TRAIN, "--preset=tiny --split=test --dataset={tmp}/grey.npz", "--split=test: grey is not divided into splits"),
    (TRAIN, "--preset=tiny --split=test", "--split=test: digits is not divided into splits"),
    (TRAIN, "--preset=tiny --conditional --dataset={tmp}/alike.npz", "this data set has one class only"),
    (TRAIN, "--preset=mnist_28_conditional --dataset={tmp}/grey.npz", "set --noconditional"),
    (TRAIN, "--preset=tiny --classes=3", "there is no such flag"),
    (TRAIN, "--run={run} --conditional", "--noconditional (not true)"),
    (TRAIN, "--run={run} --preset=mnist_28_conditional", "--noconditional (not true)"),
    # devices
    (TRAIN, "--preset=tiny --strategy=multi_worker", "name the workers"),
    (TRAIN, "--preset=tiny --worker_hosts=a:1,b:2", "--worker_hosts"),
    (TRAIN, "--preset=tiny --worker_hosts=a;b --worker_index=0", "HOST:PORT,HOST:PORT"),
    (TRAIN, "--preset=tiny --strategy=one_device --devices=2", "use --strategy=mirrored"),
    (TRAIN, "--preset=tiny --devices=-1", "--devices=-1"),
    # run directories
    (TRAIN, "--preset=tiny --run={tmp}/note.txt", "this is a file"),
    (TRAIN, "--preset=tiny --run={tmp}/texts", "holds no run"),
    (TRAIN, "--preset=tiny --run={tmp}/note.txt/run", "cannot"),
    (TRAIN, "--preset=tiny --run=/proc/run", "cannot write there"),
    (TRAIN, "--run={run} --batch_size=4", "--batch_size=8 (not 4)"),
    (TRAIN, "--run={run} --seed=1 --loss=lsgan", "--loss=bce (not lsgan)"),
    (TRAIN, "--run={run} --preset=torch_64", "--base_filters=4 (not 64)"),
    (TRAIN, "--run={tmp}/damaged", "not a configuration that this version can read"),
    # generate.py
    (GENERATE, "", "name the run directory"),
    (GENERATE, "--run={tmp}/nowhere", "there is no such directory"),
    (GENERATE, "--run={tmp}/texts", "holds no run"),
    (GENERATE, "--run={run} --num=0", "it must be from 1 to"),
    (GENERATE, "--run={run} --num=20000 --out={tmp}/grid.png", "a grid holds at most"),
    (GENERATE, "--run={run} --seed=-1", "--seed=-1"),
    (GENERATE, "--run={run} --out={tmp}/grid.jpg", "write a .png"),
    (GENERATE, "--run={run} --out={tmp}/photo.png", "add --overwrite"),
    (GENERATE, "--run={run} --out={tmp}/photo.png/", "this is a file; name a folder"),
    (GENERATE, "--run={run} --out={tmp}/texts --num=10000000000", "to 100,000,000"),
    (GENERATE, "--run={run} --out={tmp}/note.txt/grid.png", "cannot write there"),
    (GENERATE, "--run={run} --out=/proc/grid.png", "cannot write there"),
    (GENERATE, "--run={run} --checkpoint=7", "0, 5, 10"),
    (GENERATE, "--run={run} --checkpoint=worst", "the steps 0, 5, 10; latest is step 10, best is step"),
    (GENERATE, "--run={run} --weights=best", "choose one of ema, raw"),
    (GENERATE, "--run={run} --class=3", "this generator was trained without classes (--conditional)"),
    (GENERATE, "--run={conditional} --class=bird", "choose one of 0 cats, 1 dogs, 2 owls"),
    (GENERATE, "--run={conditional} --class=3", "there is no such class"),
    (GENERATE, "--run={conditional} --class=-1", "there is no such class"),
    (GENERATE, "--run={conditional} --class=", "it is empty"),
    (TRAIN, "--run={conditional} --noconditional", "--conditional (not false)"),
    (GENERATE, "--model={tmp}/nowhere.keras", "there is no such file"),
    (GENERATE, "--model={tmp}/note.txt", "name a SavedModel folder"),
    (GENERATE, "--model={tmp}/texts", "no exported model; for a run use --run"),
    (GENERATE, "--model={run}", "for a run use --run"),
    (GENERATE, "--model={tmp}/fake.keras", "damaged, or not"),
    (GENERATE, "--model={tmp}/fake.tflite", "damaged, or not"),
    (GENERATE, "--model={tmp}/fake.onnx", "damaged, or not"),
    (GENERATE, "--model={tmp}/fake.keras --run={run}", "holds one generator only"),
    (GENERATE, "--model={tmp}/fake.keras --checkpoint=5", "holds one generator only"),
    # export.py
    (EXPORT, "", "name the run directory"),
    (EXPORT, "--run={tmp}/nowhere", "there is no such directory"),
    (EXPORT, "--run={tmp}/texts", "holds no run"),
    (EXPORT, "--run={run} --formats=saved_model,tfjs", "there is no 'tfjs'; choose from saved_model, tflite"),
    (EXPORT, "--run={run} --formats=,", "there is no ''"),
    (EXPORT, "--run={run} --name=../up", "use up to 64 lower-case letters"),
    (EXPORT, "--run={run} --checkpoint=7", "0, 5, 10"),
    (EXPORT, "--run={run} --checkpoint=-5", "the steps 0, 5, 10; latest is step 10, best is step"),
    (EXPORT, "--run={run} --weights=best", "choose one of ema, raw"),
    (EXPORT, "--run={run} --out={tmp}/note.txt", "this is a file; name a folder"),
    (EXPORT, "--run={run} --out={tmp}/reported", "damaged, or not"),
    (EXPORT, "--run={run} --out=/proc/export", "cannot write there"),
    (EXPORT, "--run={run} --out={tmp}/digits.keras", "an export is a folder"),
    # evaluate.py
    (EVALUATE, "", "name the run directory"),
    (EVALUATE, "--run={tmp}/nowhere", "there is no such directory"),
    (EVALUATE, "--run={tmp}/texts", "holds no run"),
    (EVALUATE, "--run={run} --metrics=fid", "there is no metric fid"),
    (EVALUATE, "--run={run} --metrics=frechet_10k,", "there is no metric"),
    (EVALUATE, "--run={run} --checkpoint=7", "0, 5, 10"),
    (EVALUATE, "--run={run} --checkpoint=first", "the steps 0, 5, 10; latest is step 10, best is step"),
    (EVALUATE, "--run={run} --weights=best", "choose one of ema, raw"),
    (EVALUATE, "--run={run} --seed=-1", "--seed=-1"),
    (EVALUATE, "--run={run} --features=resnet", "choose one of classifier, discriminator"),
    (EVALUATE, "--run={run} --features={tmp}/nowhere.keras", "there is no such file"),
    (EVALUATE, "--run={run} --features={tmp}/fake.keras", "not a model that Keras can open"),
    (EVALUATE, "--run={run} --features=inception --inception={tmp}/note.txt", "not a frozen graph"),
    (EVALUATE, "--run={run} --features=inception --inception={tmp}/nowhere.pb", "cannot be read"),
    (EVALUATE, "--run={run} --features=discriminator:{conditional} --metrics=frechet_10", "conditional discriminator"),
    (EVALUATE, "--run={run} --features=discriminator --metrics=inception_score_100", "gives no classes"),
    (EVALUATE, "--run={run} --metrics=kernel_100", "at least 1,000"),
    (EVALUATE, "--run={run} --metrics=distance_to_training_100", "--test_dataset"),
    (EVALUATE, "--run={run} --metrics=nearest_neighbor_100", "--test_dataset"),
    (EVALUATE, "--run={run} --metrics=copies_100 --test_dataset=digits", "the images that the run was trained on"),
    (EVALUATE, "--run={run} --metrics=nearest_neighbor_9 --test_dataset={tmp}/grey.npz", "(--conditional)"),
    (EVALUATE, "--run={conditional} --metrics=nearest_neighbor_9 --test_dataset={tmp}/grey.npz", "it needs labels"),
    (EVALUATE, "--run={conditional} --metrics=linear_svm", "conditional discriminator"),
    (EVALUATE, "--run={run} --metrics=linear_svm --probe_dataset={tmp}/grey.npz", "labels of at least two classes"),
    (EVALUATE, "--run={run} --metrics=linear_svm --labels_per_class=9999", "--labels_per_class=9999"),
    (EVALUATE, "--run={run} --metrics=linear_svm --labels_per_class=5 --draws=0", "--draws=0"),
    (EVALUATE, "--run={run} --metrics=linear_svm --costs=1,-1", "--costs=1,-1"),
    (EVALUATE, "--run={run} --samples_out={tmp}/photo.png", "write an .npz"),
    (EVALUATE, "--run={run} --samples_out={tmp}/grey.npz", "this file exists"),
    (EVALUATE, "--run={run} --samples_out={tmp}/texts/", "this folder is not empty"),
    (EVALUATE, "--run={run} --samples_out={tmp}/new.npz --checkpoint=all", "samples of one checkpoint only"),
    (EVALUATE, "--run={run} --cache_dir={tmp}/note.txt", "--cache_dir"),
]


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wrong")
    for name in ("empty", "texts", "broken", "damaged"):
        (folder / name).mkdir()
    (folder / "texts" / "readme.txt").write_text("no image")
    (folder / "broken" / "a.jpg").write_bytes(b"\xff\xd8 not really a JPEG")
    (folder / "broken" / "b.png").write_bytes(b"")
    (folder / "damaged" / "config.json").write_text('{"config": {"data": {"dat')
    (folder / "note.txt").write_text("a note")
    (folder / "reported").mkdir()
    (folder / "reported" / "export.json").write_text("{")
    for suffix in ("keras", "tflite", "onnx"):
        (folder / f"fake.{suffix}").write_text("not what the name says")
    (folder / "no.zip").write_text("not a zip")
    (folder / "no.npz").write_text("not an npz")
    zipfile.ZipFile(folder / "empty.zip", "w").close()
    np.savez(folder / "grey.npz", images=np.zeros((4, 8, 8), np.uint8))
    np.savez(folder / "alike.npz", images=np.zeros((4, 8, 8), np.uint8), labels=np.zeros(4, np.int32))
    np.savez(folder / "flat.npz", images=np.zeros((10, 64), np.uint8))
    np.savez(folder / "five.npz", images=np.zeros((4, 8, 8, 5), np.uint8))
    np.savez(folder / "objects.npz", images=np.array([{}, []], dtype=object))
    Image.new("L", (8, 8)).save(folder / "photo.png")
    return folder


def tree(folder):
    return sorted((path.relative_to(folder), path.is_file() and path.stat().st_size) for path in folder.rglob("*"))


@pytest.mark.parametrize(("name", "arguments", "expected"), WRONG, ids=[f"{each[0]} {each[1]}" for each in WRONG])
def test_a_wrong_use_gets_one_clear_line(
    script, scratch, trained_run, conditional_run, tmp_path, monkeypatch, name, arguments, expected
):
    monkeypatch.chdir(tmp_path)
    before = tree(scratch), tree(trained_run)
    outcome = script(name, *arguments.format(tmp=scratch, run=trained_run, conditional=conditional_run).split())
    assert outcome.code in (1, 2)
    lines = [line for line in outcome.err.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1 and outcome.last_line == lines[0], outcome.err
    assert expected in lines[0] and "Traceback" not in outcome.err
    assert (tree(scratch), tree(trained_run)) == before
    assert not tree(tmp_path)


def test_a_directory_that_may_not_be_written(script, tmp_path, monkeypatch):
    """Tests may run as root, who may write anywhere; so the system's answer is put in its mouth."""
    monkeypatch.setattr("dcgan_tf.runs.os.access", lambda *_: False)
    outcome = script("train", "--preset=tiny", f"--run={tmp_path}/run")
    assert outcome.code == 2 and "no permission" in outcome.last_line
    assert not list(tmp_path.iterdir())


def test_two_trainings_in_one_directory(script, tmp_path):
    from dcgan_tf.runs import RunDirectory

    assert script("train", "--preset=tiny", "--steps=1", f"--run={tmp_path}/run").code == 0
    with RunDirectory(tmp_path / "run").locked():
        outcome = script("train", f"--run={tmp_path}/run", "--steps=2")
    assert outcome.code == 1 and "another process" in outcome.last_line


def test_a_full_disk_ends_in_one_line_and_keeps_the_last_checkpoint(script, tmp_path, monkeypatch):
    assert script("train", "--preset=tiny", "--steps=5", f"--run={tmp_path}/run").code == 0

    def full(*_args, **_kwargs):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(checkpoints.np, "savez", full)
    outcome = script("train", "--steps=10", f"--run={tmp_path}/run")
    assert outcome.code == 1
    assert "no space left" in outcome.last_line and "the last good one is step 5" in outcome.last_line
    assert not list(tmp_path.rglob("*.tmp"))


def test_a_full_disk_while_images_are_written(script, trained_run, tmp_path, monkeypatch):
    def full(*_args):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(files.os, "fsync", full)
    outcome = script("generate", f"--run={trained_run}", f"--out={tmp_path}/grid.png")
    assert outcome.code == 1 and "grid.png: no space left on the disk (" in outcome.last_line
    assert not list(tmp_path.iterdir())


def test_a_checkpoint_that_is_damaged(script, trained_run, tmp_path):
    import shutil

    shutil.copytree(trained_run, tmp_path / "run")
    path = next((tmp_path / "run" / "checkpoints").glob("*10.npz"))
    path.write_bytes(path.read_bytes()[:100])
    outcome = script("generate", f"--run={tmp_path}/run", f"--out={tmp_path}/grid.png")
    assert outcome.code == 1 and "damaged" in outcome.last_line


def test_weights_that_a_run_does_not_have(script, tmp_path):
    assert script("train", "--preset=tiny", "--steps=1", "--ema_decay=0", f"--run={tmp_path}/run").code == 0
    outcome = script("generate", f"--run={tmp_path}/run", "--weights=ema", f"--out={tmp_path}/grid.png")
    assert outcome.code == 2 and "--weights=raw" in outcome.last_line
