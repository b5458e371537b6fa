"""The manifests of deploy/ and the numbers of docs/scaling.md, as far as they can be checked without a cluster."""

import contextlib
import copy
import io
import json
import re
from pathlib import Path

import pytest
import yaml

from dcgan_tf import presets, runs
from dcgan_tf.cli import train
from dcgan_tf.config import Config
from dcgan_tf.errors import ArgumentError, UserError
from dcgan_tf.training import cluster

ROOT = Path(__file__).resolve().parent.parent
PODS = ["Job", "TFJob", "Deployment", "InferenceService"]
KUBERNETES = "1.31"  # the oldest that indexed-job.yaml is for
SCALING = (ROOT / "docs/scaling.md").read_text()


def manifests() -> list[tuple[str, dict]]:
    files = sorted((ROOT / "deploy").glob("*.yaml"))
    return [(path.name, content) for path in files for content in yaml.safe_load_all(path.read_text())]


def manifest(kind: str) -> dict:
    return next(content for _, content in manifests() if content["kind"] == kind)


def pod_template(kind: str) -> dict:
    spec = manifest(kind)["spec"]
    return spec["tfReplicaSpecs"]["Worker"]["template"] if kind == "TFJob" else spec["template"]


def pod_of(kind: str) -> dict:
    """The specification of the pods. Of an InferenceService, what it adds to those of KServe's runtime."""
    if kind != "InferenceService":
        return pod_template(kind)["spec"]
    predictor = copy.deepcopy(manifest(kind)["spec"]["predictor"])
    del predictor["minReplicas"]
    model = predictor.pop("model")
    for field in ("modelFormat", "runtimeVersion", "protocolVersion", "storageUri"):
        del model[field]
    return {**predictor, "containers": [{"name": "kserve-container", **model}]}


def workers(kind: str) -> int:
    spec = manifest(kind)["spec"]
    return spec["completions"] if kind == "Job" else spec["tfReplicaSpecs"]["Worker"]["replicas"]


def container(kind: str) -> dict:
    (only,) = pod_template(kind)["spec"]["containers"]
    return only


def config_of(kind: str) -> Config:
    """The configuration that the manifest's command gives."""
    assert container(kind)["command"] == ["tini", "-s", "--", "dcgan", "train"]
    train.FLAGS.parse(["train", *container(kind)["args"]])
    return presets.PRESETS[train.FLAGS.preset].with_settings(train.FLAGS.given_settings())


def test_every_field_is_one_that_kubernetes_knows():
    kubernetes_validate = pytest.importorskip("kubernetes_validate")
    resources = [content for _, content in manifests() if content["kind"] not in ("TFJob", "InferenceService")]
    resources += [{"apiVersion": "v1", "kind": "Pod", "metadata": {}, "spec": pod_of(kind)} for kind in PODS]
    for resource in resources:
        kubernetes_validate.validate(resource, KUBERNETES, strict=True)


# Fields that the Pod Security Standards restrict and that no pod here needs, whatever their value.
UNUSED = {"hostNetwork", "hostPID", "hostIPC", "hostPort", "host", "privileged", "add", "procMount", "sysctls"}
UNUSED |= {"seLinuxOptions", "appArmorProfile", "windowsOptions", "ephemeralContainers"}
VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}
DEMANDED = {
    "allowPrivilegeEscalation": lambda value: value is False,
    "capabilities": lambda value: value == {"drop": ["ALL"]},
    "runAsNonRoot": lambda value: value is True,
    "runAsUser": lambda value: value is not None and value > 0,
    "seccompProfile": lambda value: value == {"type": "RuntimeDefault"},
    "readOnlyRootFilesystem": lambda value: value is True,  # more than the standard asks for
}


def fields(value) -> set[str]:
    if isinstance(value, list):
        return set().union(*map(fields, value))
    return set(value).union(*map(fields, value.values())) if isinstance(value, dict) else set()


def violations(pod: dict) -> set[str]:
    """The fields because of which a pod misses the Pod Security Standard "restricted", as of Kubernetes 1.37.

    https://kubernetes.io/docs/concepts/security/pod-security-standards/: the restricted profile, with all of baseline.
    """
    found = UNUSED & fields(pod)
    found |= {kind for volume in pod.get("volumes", []) for kind in volume.keys() - {"name"} - VOLUMES}
    for each in [*pod["containers"], *pod.get("initContainers", [])]:
        context = {**pod.get("securityContext", {}), **each.get("securityContext", {})}
        found |= {field for field, holds in DEMANDED.items() if not holds(context.get(field))}
    if pod.get("automountServiceAccountToken") is not False:  # more than the standard asks for
        found.add("automountServiceAccountToken")
    return found


@pytest.mark.parametrize("kind", PODS)
def test_the_pods_meet_the_restricted_pod_security_standard(kind):
    assert not violations(pod_of(kind))


@pytest.mark.parametrize("kind", PODS)
def test_a_pod_that_misses_the_standard_in_one_field_is_found(kind):
    for field in [*DEMANDED, "automountServiceAccountToken"]:
        pod = copy.deepcopy(pod_of(kind))
        for place in (pod, pod.get("securityContext", {}), pod["containers"][0]["securityContext"]):
            place.pop(field, None)
        assert violations(pod) == {field}
    root = {"image": "busybox", "securityContext": {"runAsUser": 0}}
    assert "runAsUser" in violations({**pod_of(kind), "initContainers": [root]})
    for field, value in {"hostNetwork": True, "volumes": [{"name": "v", "hostPath": {"path": "/"}}]}.items():
        assert len(violations({**pod_of(kind), field: value})) == 1


@pytest.mark.parametrize("kind", ["Job", "TFJob", "Deployment"])
def test_a_network_policy_protects_the_pods(kind):
    file = next(name for name, content in manifests() if content["kind"] == kind)
    (policy,) = [each for name, each in manifests() if name == file and each["kind"] == "NetworkPolicy"]
    selector = policy["spec"]["podSelector"]
    assert selector["matchLabels"].items() <= pod_template(kind)["metadata"]["labels"].items()
    (rule,) = policy["spec"]["ingress"]
    if kind == "Deployment":
        assert policy["spec"]["policyTypes"] == ["Ingress", "Egress"] and policy["spec"]["egress"] == []
        assert rule["from"] == [{"podSelector": {}}]  # any pod of this namespace
        assert rule["ports"] == [{"port": port["containerPort"]} for port in container(kind)["ports"]]
    else:
        assert policy["spec"]["policyTypes"] == ["Ingress"]
        assert rule == {"from": [{"podSelector": selector}]}  # the workers themselves, on every port


@pytest.mark.parametrize("kind", PODS)
def test_the_pods_may_write_below_tmp(kind):
    pod = pod_of(kind)
    (place,) = [mount["name"] for mount in pod["containers"][0]["volumeMounts"] if mount["mountPath"] == "/tmp"]
    assert {"name": place, "emptyDir": {}} in pod["volumes"]


@pytest.mark.parametrize("kind", ["Job", "TFJob"])
def test_the_workers_share_the_batch_evenly(kind):
    config = config_of(kind)
    assert config.device.strategy == "multi_worker"
    gpus = container(kind)["resources"]["limits"]["nvidia.com/gpu"]
    assert config.training.batch_size % (workers(kind) * gpus) == 0


def test_every_index_of_the_job_finds_itself_among_the_workers():
    job, service, config = manifest("Job"), manifest("Service"), config_of("Job")
    name, count = job["metadata"]["name"], workers("Job")
    (port,) = [each["containerPort"] for each in container("Job")["ports"]]
    for index in range(count):
        found = cluster.find(config.device, {"JOB_COMPLETION_INDEX": str(index)})
        assert found.index == index and found.is_chief == (index == 0)
        assert len(found.hosts) == count
        assert found.hosts[index] == f"{name}-{index}.{service['metadata']['name']}:{port}"
    with pytest.raises(UserError, match=f"there are {count} workers"):
        cluster.find(config.device, {"JOB_COMPLETION_INDEX": str(count)})


def test_the_job_runs_all_its_workers_at_once_under_the_names_of_its_service():
    job, service = manifest("Job"), manifest("Service")
    assert job["spec"]["completionMode"] == "Indexed"
    assert job["spec"]["parallelism"] == job["spec"]["completions"]
    assert pod_template("Job")["spec"]["subdomain"] == service["metadata"]["name"]
    assert service["spec"]["selector"] == {"job-name": job["metadata"]["name"]}
    assert service["spec"]["clusterIP"] == "None" and service["spec"]["publishNotReadyAddresses"]
    assert service["spec"]["ports"][0]["port"] == container("Job")["ports"][0]["containerPort"]


def operators_tf_config(index: int, namespace: str = "training") -> str:
    """TF_CONFIG as the Training Operator 1.9 sets it in each worker of our TFJob (genTFConfigJSONStr)."""
    job, port = manifest("TFJob"), container("TFJob")["ports"][0]["containerPort"]
    hosts = [f"{job['metadata']['name']}-worker-{number}.{namespace}.svc:{port}" for number in range(workers("TFJob"))]
    task = {"type": "worker", "index": index}
    return json.dumps({"cluster": {"worker": hosts}, "task": task, "environment": "cloud"})


def test_every_worker_of_the_tfjob_finds_itself_in_tf_config():
    assert list(manifest("TFJob")["spec"]["tfReplicaSpecs"]) == ["Worker"]
    assert container("TFJob")["name"] == "tensorflow"  # the operator looks for these names
    assert container("TFJob")["ports"][0] == {"name": "tfjob-port", "containerPort": 2222}
    device = config_of("TFJob").device
    for index in range(workers("TFJob")):
        found = cluster.find(device, {"TF_CONFIG": operators_tf_config(index)})
        assert (found.index, found.is_chief, len(found.hosts)) == (index, index == 0, workers("TFJob"))
        assert found.hosts[index] == f"dcgan-worker-{index}.training.svc:2222"
        assert json.loads(found.tf_config())["task"] == {"type": "worker", "index": index}


def test_the_job_restarts_a_lost_worker_but_not_a_wrong_setting():
    job = manifest("Job")["spec"]
    final = [rule for rule in job["podFailurePolicy"]["rules"] if rule["action"] == "FailJob"]
    assert [rule["onExitCodes"]["values"] for rule in final] == [[ArgumentError.exit_code]]
    assert UserError.exit_code != ArgumentError.exit_code  # the former is what a lost worker ends the others with
    assert {rule["onExitCodes"]["containerName"] for rule in final} == {container("Job")["name"]}
    assert job["backoffLimit"] >= 2 * job["completions"]  # a loss counts once for each worker


def test_the_tfjob_restarts_whatever_the_exit_code():
    spec = manifest("TFJob")["spec"]
    assert spec["tfReplicaSpecs"]["Worker"]["restartPolicy"] == "OnFailure"  # ExitCode takes 1 to 127 for final
    assert spec["runPolicy"]["backoffLimit"] >= 2 * workers("TFJob")


@pytest.mark.parametrize("kind", ["Job", "TFJob"])
def test_what_workers_share_is_on_the_shared_volume(kind):
    config_of(kind)
    pod, claim = pod_template(kind)["spec"], manifest("PersistentVolumeClaim")
    assert claim["spec"]["accessModes"] == ["ReadWriteMany"]
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    mounts = {mount["mountPath"]: mount["name"] for mount in container(kind)["volumeMounts"]}
    assert set(mounts.values()) == set(volumes)
    assert volumes[mounts["/shared"]]["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]
    environment = {entry["name"]: entry["value"] for entry in container(kind)["env"]}
    assert environment.keys() == {"DCGAN_TF_CACHE_DIR", "TFDS_DATA_DIR"}
    for place in [*environment.values(), train.FLAGS.run, train.FLAGS.dataset]:
        assert place.startswith("/shared/")


@pytest.mark.parametrize("kind", ["Job", "TFJob"])
def test_the_pods_have_no_sidecar_and_time_to_end(kind):
    metadata = pod_template(kind)["metadata"]
    for marks in (metadata["labels"], metadata["annotations"]):
        assert marks["sidecar.istio.io/inject"] == "false"
    assert pod_template(kind)["spec"]["terminationGracePeriodSeconds"] >= 60


def test_both_jobs_run_the_same_training():
    ours, theirs = config_of("Job"), config_of("TFJob")
    assert ours.with_settings({"worker_hosts": ""}) == theirs
    for part in ("image", "env", "resources", "volumeMounts", "securityContext"):
        assert container("Job")[part] == container("TFJob")[part]
    for part in ("securityContext", "volumes"):
        assert pod_of("Job")[part] == pod_of("TFJob")[part]


def served() -> tuple[str, str]:
    """Name and folder of the model that the Deployment serves."""
    only = container("Deployment")
    flags = dict(argument.removeprefix("--").split("=") for argument in only["args"])
    assert [int(flags["rest_api_port"])] == [port["containerPort"] for port in only["ports"]]
    return flags["model_name"], flags["model_base_path"]


def test_the_export_of_the_trained_run_is_what_is_served():
    config_of("Job")
    name, folder = served()
    assert folder == f"{runs.RunDirectory(train.FLAGS.run).export_dir}/saved_model/{name}"
    assert name == Path(train.FLAGS.dataset).name  # what a model is called by default
    model = manifest("InferenceService")["spec"]["predictor"]["model"]
    claim = manifest("PersistentVolumeClaim")["metadata"]["name"]
    assert model["storageUri"] == f"pvc://{claim}{folder.removeprefix('/shared')}"
    assert manifest("InferenceService")["metadata"]["name"] == name  # KServe takes it for the model's name


def test_the_service_finds_the_deployment():
    deployment = manifest("Deployment")
    pod, only = pod_template("Deployment"), container("Deployment")
    (service,) = [each for file, each in manifests() if file == "serving-deployment.yaml" and each["kind"] == "Service"]
    assert pod["metadata"]["labels"] == deployment["spec"]["selector"]["matchLabels"] == service["spec"]["selector"]
    assert [port["port"] for port in service["spec"]["ports"]] == [port["containerPort"] for port in only["ports"]]
    names = {port["name"] for port in only["ports"]}
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        (port,) = [how["port"] for how in only[probe].values() if isinstance(how, dict)]
        assert port in names
    assert only["readinessProbe"]["httpGet"]["path"] == f"/v1/models/{served()[0]}/metadata"


def test_the_deployment_reads_the_shared_volume():
    (volume,) = [each for each in pod_of("Deployment")["volumes"] if "persistentVolumeClaim" in each]
    claim = {"claimName": manifest("PersistentVolumeClaim")["metadata"]["name"], "readOnly": True}
    assert volume["persistentVolumeClaim"] == claim
    mount = {"name": volume["name"], "mountPath": "/shared", "readOnly": True}
    assert mount in container("Deployment")["volumeMounts"]


def test_all_servers_are_of_one_version():
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())
    version = manifest("InferenceService")["spec"]["predictor"]["model"]["runtimeVersion"]
    images = {container("Deployment")["image"], compose["services"]["serving"]["image"]}
    assert images == {f"tensorflow/serving:{version}"}


@pytest.mark.full
def test_the_table_of_bytes_is_what_its_command_prints():
    (code,) = re.findall(r"^python - <<'END'\n(.*?)^END$", SCALING, re.M | re.S)
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(code, {})
    lines = printed.getvalue().splitlines()
    assert len(lines) == len(presets.PRESETS)
    assert [line for line in SCALING.splitlines() if re.match(r"\| `\w+` \| [\d.,]+ \|", line)] == lines
