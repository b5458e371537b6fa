"""What is promised to anybody who writes a client: both JSON formats, the limits, and errors that say what is wrong.

Against a real server that serves the exported folder:

  DCGAN_TF_SERVED_URL=http://localhost:8501 DCGAN_TF_SERVED_MODEL=mnist \\
  DCGAN_TF_SERVED_FOLDER=runs/00000-mnist_28/export/saved_model/mnist/1 python -m pytest tests/serving/test_protocol.py
"""

import base64
import json
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import requests

HTTP = requests.Session()
HTTP.trust_env = False  # no proxy of the environment stands between this machine and itself


def post(served, body, path=""):
    data = body if isinstance(body, (str, bytes)) else json.dumps(body)
    answer = HTTP.post(f"{served.url}/v1/models/{served.model}{path}:predict", data=data, timeout=60)
    return answer.status_code, answer.json()


def pngs(values) -> list[bytes]:
    return [base64.b64decode(value["b64"]) for value in values]


def direct(served, signature, **inputs):
    return next(iter(served.session.run(signature, inputs).values()))


def latent_size(served) -> int:
    return served.session.signatures["serving_default"].inputs["z"].shape[1]


def test_images_by_rows(served):
    code, answer = post(served, {"signature_name": "generate_png", "instances": [3, 1, 2**62]})
    assert code == 200 and list(answer) == ["predictions"]
    assert pngs(answer["predictions"]) == direct(served, "generate_png", seed=np.array([3, 1, 2**62])).tolist()


def test_images_by_named_rows(served):
    code, answer = post(served, {"signature_name": "generate_png", "instances": [{"seed": 3}, {"seed": 1}]})
    assert code == 200
    assert pngs(answer["predictions"]) == direct(served, "generate_png", seed=np.array([3, 1])).tolist()


@pytest.mark.parametrize("inputs", [[3, 1], {"seed": [3, 1]}])
def test_images_by_columns(served, inputs):
    code, answer = post(served, {"signature_name": "generate_png", "inputs": inputs})
    assert code == 200 and list(answer) == ["outputs"]
    assert pngs(answer["outputs"]) == direct(served, "generate_png", seed=np.array([3, 1])).tolist()


@pytest.mark.parametrize("form, key", [("instances", "predictions"), ("inputs", "outputs")])
def test_pixels(served, form, key):
    code, answer = post(served, {"signature_name": "generate", form: [5, 6]})
    assert code == 200
    np.testing.assert_array_equal(answer[key], direct(served, "generate", seed=np.array([5, 6])))


@pytest.mark.parametrize("form, key", [("instances", "predictions"), ("inputs", "outputs")])
@pytest.mark.parametrize("named", [True, False])
def test_the_default_signature_takes_latents(served, form, key, named):
    z = np.random.default_rng(0).normal(size=(2, latent_size(served))).astype(np.float32)
    body = {form: z.tolist(), **({"signature_name": "serving_default"} if named else {})}
    code, answer = post(served, body)
    assert code == 200
    np.testing.assert_array_equal(np.array(answer[key], np.float32), direct(served, "serving_default", z=z))


@pytest.mark.parametrize(
    "body",
    [
        {"inputs": {"start": 3, "end": 14, "steps": 4}},
        {"inputs": {"start": [3], "end": [14], "steps": [4]}},
        {"instances": [{"start": 3, "end": 14, "steps": 4}]},
        {"instances": [{"start": [3], "end": [14], "steps": [4]}]},
    ],
)
def test_a_walk_takes_scalars_and_lists_of_one(served, body):
    code, answer = post(served, {"signature_name": "interpolate", **body})
    assert code == 200
    given = {"start": np.int64(3), "end": np.int64(14), "steps": np.int32(4)}
    assert pngs(next(iter(answer.values()))) == direct(served, "interpolate", **given).tolist()


def test_a_version_may_be_named(served):
    body = {"signature_name": "generate_png", "instances": [1]}
    assert post(served, body, f"/versions/{served.version}") == post(served, body)
    assert post(served, body, "/versions/98765")[0] == 404


def test_status_and_metadata(served):
    address = f"{served.url}/v1/models/{served.model}"
    status = HTTP.get(address, timeout=60).json()["model_version_status"]
    state = {"version": str(served.version), "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
    assert state in status
    metadata = HTTP.get(f"{address}/metadata", timeout=60).json()
    assert metadata["model_spec"]["name"] == served.model
    signatures = metadata["metadata"]["signature_def"]["signature_def"]
    assert {"serving_default", "generate", "generate_png", "interpolate"} <= set(signatures)
    seed = signatures["generate_png"]["inputs"]["seed"]
    assert seed["dtype"] == "DT_INT64" and [size["size"] for size in seed["tensor_shape"]["dim"]] == ["-1"]


BILLION = 10**9

REFUSED = {
    "no seeds, rows": ({"signature_name": "generate_png", "instances": []}, "No values"),
    "no seeds, columns": ({"signature_name": "generate_png", "inputs": []}, "1 to 256"),
    "no latents": ({"inputs": []}, ""),
    "257 seeds": ({"signature_name": "generate_png", "instances": list(range(257))}, "1 to 256"),
    "257 seeds, pixels": ({"signature_name": "generate", "instances": list(range(257))}, "1 to 256"),
    "a billion steps": (
        {"signature_name": "interpolate", "inputs": {"start": 1, "end": 2, "steps": BILLION}},
        "2 to 256",
    ),
    "no steps": ({"signature_name": "interpolate", "inputs": {"start": 1, "end": 2, "steps": 0}}, "2 to 256"),
    "steps beyond int32": (
        {"signature_name": "interpolate", "inputs": {"start": 1, "end": 2, "steps": 2**40}},
        "int32",
    ),
    "two starts": ({"signature_name": "interpolate", "inputs": {"start": [1, 2], "end": 2, "steps": 4}}, ""),
    "no end": ({"signature_name": "interpolate", "inputs": {"start": 1, "steps": 4}}, "end"),
    "rows without names": ({"signature_name": "interpolate", "instances": [1, 2, 4]}, "list of objects"),
    "a negative seed": ({"signature_name": "generate_png", "instances": [-1]}, "0 to 2^62"),
    "a seed above 2^62": ({"signature_name": "generate_png", "instances": [2**62 + 1]}, "0 to 2^62"),
    "a seed above int64": ({"signature_name": "generate_png", "instances": [2**64]}, "int64"),
    "a seed with a fraction": ({"signature_name": "generate_png", "instances": [1.5]}, "int64"),
    "a seed as text": ({"signature_name": "generate_png", "instances": ["7"]}, "int64"),
    "a seed that is null": ({"signature_name": "generate_png", "instances": [None]}, "Null"),
    "seeds in seeds": ({"signature_name": "generate_png", "instances": [[1], [2, 3]]}, "size"),
    "a wrong name": ({"signature_name": "generate_png", "instances": [{"sed": 1}]}, "sed"),
    "latents as text": ({"instances": [["a", "b"]]}, "float"),
    "latents of one number": ({"instances": [[1.0]]}, ""),
    "latents of several lengths": ({"inputs": [[1.0, 2.0], [1.0]]}, "size"),
    "an unknown signature": ({"signature_name": "nothing", "instances": [1]}, "nothing"),
    "a signature that is a number": ({"signature_name": 7, "instances": [1]}, "signature_name"),
    "both formats": ({"instances": [1], "inputs": [1]}, "only"),
    "no format": ({"seeds": [1]}, "Missing 'inputs' or 'instances'"),
    "no object": ([1], "object"),
    "no JSON": ("{", "JSON Parse error"),
    "nothing": ("", "JSON Parse error"),
    "bytes": (b"\xff\xfe\0", "JSON Parse error"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_bad_requests(served, name):
    body, part = REFUSED[name]
    code, answer = post(served, body)
    assert code == 400 and list(answer) == ["error"], answer
    assert part in answer["error"]
    assert post(served, {"signature_name": "generate_png", "instances": [1]})[0] == 200


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_latents_that_are_not_finite(served, number):
    row = ",".join([number] + ["0.5"] * (latent_size(served) - 1))
    code, answer = post(served, f'{{"instances": [[{row}]]}}')
    assert code == 400 and "finite" in answer["error"]


def test_wrong_addresses(served):
    body = json.dumps({"signature_name": "generate_png", "instances": [1]})
    models = f"{served.url}/v1/models"
    assert HTTP.post(f"{models}/nothing:predict", data=body, timeout=60).status_code == 404
    assert HTTP.get(f"{models}/nothing", timeout=60).status_code == 404
    assert HTTP.get(f"{models}/{served.model}/versions/98765", timeout=60).status_code == 404
    assert HTTP.get(f"{models}/{served.model}:predict", timeout=60).status_code == 400
    assert HTTP.post(f"{models}/{served.model}", data=body, timeout=60).status_code == 400
    assert HTTP.get(f"{served.url}/", timeout=60).status_code == 404


def test_a_thousand_requests_at_once(served):
    """Every answer belongs to its request, whatever stands beside it: rows, columns, pixels, refusals."""
    local = threading.local()
    expected = {count: direct(served, "generate_png", seed=np.arange(count)).tolist() for count in range(1, 5)}
    pixels = direct(served, "generate", seed=np.arange(2))

    def ask(index: int) -> bool:
        if not hasattr(local, "http"):
            local.http = requests.Session()
            local.http.trust_env = False
        count, form = index % 4 + 1, ("instances", "inputs")[index // 4 % 2]
        body = {"signature_name": "generate_png", form: list(range(count))}
        if index % 10 == 8:
            body = {"signature_name": "generate", "instances": [0, 1]}
        elif index % 10 == 9:
            body = {"signature_name": "generate_png", form: [-1]}
        answer = local.http.post(f"{served.url}/v1/models/{served.model}:predict", json=body, timeout=60)
        if index % 10 == 9:
            return answer.status_code == 400 and "2^62" in answer.json()["error"]
        values = next(iter(answer.json().values()))
        if index % 10 == 8:
            return np.array_equal(values, pixels)
        return answer.status_code == 200 and pngs(values) == expected[count]

    with ThreadPoolExecutor(32) as pool:
        assert all(pool.map(ask, range(1000)))
