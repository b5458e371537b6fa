"""The C++ loader: numbers, strings, errors with their codes, broken models, threads, memory."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from dcgan_tf.export import cpp_session
from dcgan_tf.export.cpp_session import CppSession, SessionError, TensorInfo, packed, unpacked

WEIGHTS = np.arange(12, dtype=np.float32).reshape(4, 3)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A SavedModel with numbers, strings, a limit and a variable."""
    import tensorflow as tf

    class Model(tf.Module):
        def __init__(self):
            self.weights = tf.Variable(WEIGHTS)

        @tf.function(input_signature=[tf.TensorSpec([None, 4], tf.float32, "z")])
        def numbers(self, z):
            with tf.control_dependencies([tf.debugging.assert_less_equal(tf.shape(z)[0], 256, "at most 256")]):
                return {"images": tf.identity(z @ self.weights), "count": tf.shape(z)[0]}

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "text"), tf.TensorSpec([], tf.int64, "number")])
        def texts(self, text, number):
            return {"joined": tf.strings.join([text, tf.strings.as_string(number)]), "same": tf.identity(text)}

    path, model = tmp_path_factory.mktemp("saved") / "1", Model()
    tf.saved_model.save(model, str(path), signatures={"serving_default": model.numbers, "texts": model.texts})
    return path


@pytest.fixture(scope="module")
def session(folder):
    with CppSession(folder) as session:
        yield session


def test_signatures(session):
    assert set(session.signatures) == {"serving_default", "texts"}
    signature = session.signatures["serving_default"]
    assert signature.method_name == "tensorflow/serving/predict"
    assert signature.inputs == {"z": TensorInfo("float32", (None, 4))}
    assert signature.outputs == {"images": TensorInfo("float32", (None, 3)), "count": TensorInfo("int32", ())}
    assert session.signatures["texts"].inputs["text"] == ("string", (None,))


@pytest.mark.parametrize("count", [0, 1, 256])
def test_numbers(session, count):
    z = np.random.default_rng(0).normal(size=(count, 4)).astype(np.float32)
    result = session.run("serving_default", {"z": z})
    np.testing.assert_allclose(result["images"], z @ WEIGHTS, rtol=1e-5, atol=1e-5)
    assert result["images"].dtype == np.float32 and result["count"].shape == () and result["count"] == count


def test_arrays_in_any_memory_order(session):
    z = np.asfortranarray(np.random.default_rng(0).normal(size=(8, 4)).astype(np.float32))[::2]
    for array in (z, z.astype(">f4")):
        images = session.run("serving_default", {"z": array})["images"]
        np.testing.assert_allclose(images, z @ WEIGHTS, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("items", [[], [b"a", b"\0\xff" * 500, b""], ["ä", "b"]])
def test_strings(session, items):
    result = session.run("texts", {"text": np.array(items, object), "number": np.int64(7)})
    given = [item.encode() if isinstance(item, str) else item for item in items]
    assert result["same"].tolist() == given
    assert result["joined"].tolist() == [item + b"7" for item in given]
    assert result["joined"].dtype == object


@pytest.mark.parametrize(
    "signature, inputs, code, part",
    [
        ("serving_default", {"z": np.zeros((257, 4), np.float32)}, 3, "at most 256"),
        ("serving_default", {"z": np.zeros((2, 4))}, 3, "float"),
        ("serving_default", {"z": np.zeros((2, 5), np.float32)}, 3, "incompatible"),
        ("serving_default", {"z": np.array([b"a"], object)}, 3, "string"),
        ("serving_default", {"x": np.zeros((2, 4), np.float32)}, 3, "takes ['z'], not ['x']"),
        ("texts", {"text": np.array([3], object), "number": np.int64(1)}, 3, "bytes"),
        ("nothing", {}, 5, "'nothing'"),
        ("serving_default", {"z": np.zeros(2, "datetime64[s]")}, 12, "datetime64"),
    ],
)
def test_refusals(session, signature, inputs, code, part):
    with pytest.raises(SessionError) as caught:
        session.run(signature, inputs)
    assert caught.value.code == code and part in caught.value.message
    assert session.run("serving_default", {"z": np.zeros((1, 4), np.float32)})["count"] == 1


def test_no_model(tmp_path):
    with pytest.raises(SessionError, match="Could not find SavedModel") as caught:
        CppSession(tmp_path / "nothing")
    assert caught.value.code == 5


@pytest.mark.parametrize("name", ["saved_model.pb", "variables/variables.data-00000-of-00001"])
def test_damaged_model(folder, tmp_path, name):
    for path in folder.rglob("*"):
        if path.is_file():
            copy = tmp_path / path.relative_to(folder)
            copy.parent.mkdir(exist_ok=True)
            copy.write_bytes(path.read_bytes()[: 20 if path == folder / name else None])
    with pytest.raises(SessionError) as caught:
        CppSession(tmp_path)
    assert caught.value.code


def test_the_defect_that_python_does_not_see(tmp_path):
    """A module that tracks a Keras model loads in Python and fails here, as it would in TensorFlow Serving."""
    import keras
    import tensorflow as tf

    model = keras.Sequential([keras.Input([4]), keras.layers.Dense(2)])

    class Broken(tf.Module):
        def __init__(self):
            self.model = model

        @tf.function(input_signature=[tf.TensorSpec([None, 4], tf.float32, "z")])
        def call(self, z):
            return {"y": self.model(z)}

    broken = Broken()
    tf.saved_model.save(broken, str(tmp_path / "1"), signatures={"serving_default": broken.call})
    z = np.ones((1, 4), np.float32)
    assert tf.saved_model.load(str(tmp_path / "1")).signatures["serving_default"](z=tf.constant(z))["y"].shape == (1, 2)
    with CppSession(tmp_path / "1") as session, pytest.raises(SessionError, match="Could not find variable") as caught:
        session.run("serving_default", {"z": z})
    assert caught.value.code == 9


def test_threads(session):
    def ask(seed: int) -> bool:
        z = np.random.default_rng(seed).normal(size=(seed % 5 + 1, 4)).astype(np.float32)
        text = np.array([b"%d" % seed], object)
        images = session.run("serving_default", {"z": z})["images"]
        joined = session.run("texts", {"text": text, "number": np.int64(seed)})["joined"]
        return np.allclose(images, z @ WEIGHTS, atol=1e-4) and joined.tolist() == [b"%d%d" % (seed, seed)]

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(ask, range(1000)))


def test_closing_waits_for_calls_and_refuses_later_ones(folder):
    session, seen = CppSession(folder), []
    z = np.zeros((256, 4), np.float32)

    def ask_until_closed() -> None:
        try:
            while True:
                session.run("serving_default", {"z": z})
        except SessionError as error:
            seen.append(error.message)

    threads = [threading.Thread(target=ask_until_closed) for _ in range(4)]
    for thread in threads:
        thread.start()
    session.close()
    session.close()
    for thread in threads:
        thread.join()
    assert seen == ["the session is closed"] * 4


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is read from /proc")
def test_memory_stays_the_same(session):
    text = np.array([b"x" * 10_000] * 20, object)  # 200 kB: a leak of one of them in 10 runs would show

    def pages() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1])

    def repeat(times: int) -> None:
        for _ in range(times):
            session.run("texts", {"text": text, "number": np.int64(1)})
            with pytest.raises(SessionError):
                session.run("serving_default", {"z": np.zeros((257, 4), np.float32)})

    repeat(200)
    before = pages()
    repeat(2000)
    assert (pages() - before) * 4096 < 20_000_000


def test_command(folder, tmp_path):
    z = np.ones((2, 4), np.float32)
    requests = {
        "serving_default/z": z,
        "texts/text": np.array([b"a", b"", b"b\0"], object),
        "texts/number": np.int64(5),
    }
    np.savez(tmp_path / "requests.npz", **packed(requests))
    ended = command(folder, tmp_path / "requests.npz", tmp_path / "results.npz")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    with np.load(tmp_path / "results.npz") as archive:
        results = unpacked(archive)
    np.testing.assert_allclose(results["serving_default/images"], z @ WEIGHTS)
    assert results["texts/joined"].tolist() == [b"a5", b"5", b"b\x005"]


def test_command_does_not_import_tensorflow(folder, tmp_path):
    np.savez(tmp_path / "requests.npz", **{"serving_default/z": np.ones((2, 4), np.float32)})
    arguments = [str(folder), str(tmp_path / "requests.npz"), str(tmp_path / "results.npz")]
    program = f"""
import runpy, sys
code = runpy.run_path({cpp_session.__file__!r})["main"]({arguments!r})
found = {{name.split(".")[0] for name in sys.modules}} & {{"tensorflow", "keras", "dcgan_tf"}}
sys.exit(code or (str(found) if found else 0))
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr


def test_command_fails_in_one_line(folder, tmp_path):
    np.savez(tmp_path / "wrong.npz", **{"serving_default/z": np.ones((2, 4))})
    (tmp_path / "text.npz").write_text("no archive")
    for model, requests in ((folder, "wrong.npz"), (folder, "text.npz"), (folder, "none.npz"), (tmp_path, "wrong.npz")):
        ended = command(model, tmp_path / requests, tmp_path / "results.npz")
        assert ended.returncode == 1 and ended.stderr.startswith("error: ") and ended.stderr.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["text.npz", "wrong.npz"]


def command(*arguments: object) -> subprocess.CompletedProcess:
    line = [sys.executable, cpp_session.__file__, *map(str, arguments)]
    return subprocess.run(line, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("change, part", [("platform", "Linux"), ("package", "pip install"), ("library", "has no")])
def test_no_library(monkeypatch, tmp_path, change, part):
    if change == "platform":
        monkeypatch.setattr(sys, "platform", "win32")
    elif change == "package":
        monkeypatch.setattr(cpp_session.importlib.util, "find_spec", lambda name: None)
    else:
        spec = type("Spec", (), {"submodule_search_locations": [str(tmp_path)]})
        monkeypatch.setattr(cpp_session.importlib.util, "find_spec", lambda name: spec)
    with pytest.raises(SessionError, match=part):
        cpp_session._library.__wrapped__()
