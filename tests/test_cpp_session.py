"""The tool of the serving tests, the C++ loader: numbers, strings, errors with their codes, broken models, threads."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from tests.cpp_session import CppSession, SessionError, TensorInfo

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
