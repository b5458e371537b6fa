# One image for training, images, evaluation, export, TensorBoard and the client of a server.
#
#   docker build -t dcgan-tf .                                for CPUs
#   docker build -t dcgan-tf:gpu --build-arg DEVICE=gpu .     for NVIDIA GPUs
#
# See docs/containers.md. deploy/build_with_buildah.sh builds and tests it without Docker.

# Any Debian image with Python 3.10 to 3.13 will do, for GPUs too: the CUDA libraries come as Python packages, in the
# versions that TensorFlow asks for. (The cuDNN in the images tensorflow/tensorflow:*-gpu is too old.)
ARG BASE=python:3.11-slim-bookworm

# The program, readable for every user. The files of a clone are readable for their owner alone if it was made with the
# umask 077, and COPY keeps their modes. (COPY --chmod needs BuildKit, and a chmod in the image would store them twice.)
# hadolint ignore=DL3006
FROM ${BASE} AS program
COPY *.py requirements*.txt pyproject.toml README.md LICENSE /app/
COPY dcgan_tf /app/dcgan_tf
RUN chmod -R u=rwX,go=rX /app

# hadolint ignore=DL3006
FROM ${BASE}

# Process 1 has no default signal handlers, so Python as process 1 would ignore SIGTERM until the trainer installs its
# handler. tini is process 1 instead: it passes all signals on and exits with the exit code of its child.
# The version is not pinned: Debian's mirrors keep one version for each release.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends tini \
    && rm -rf /var/lib/apt/lists/*

# What rarely changes comes first: this layer is rebuilt only when requirements.txt changes. TensorFlow's variant
# depends on the device: tensorflow-cpu leaves out what only GPUs need, and exists for x86-64 only.
ARG DEVICE=cpu
COPY requirements.txt /app/
RUN case "$DEVICE-$(uname -m)" in \
        cpu-x86_64) variant='tensorflow-cpu' ;; \
        cpu-*) variant='tensorflow' ;; \
        gpu-*) variant='tensorflow[and-cuda]' ;; \
        *) echo "DEVICE=$DEVICE: it is cpu or gpu" >&2; exit 2 ;; \
    esac \
    && sed "s/^tensorflow==/$variant==/" /app/requirements.txt > /tmp/requirements.txt \
    && python -m pip install --no-cache-dir --root-user-action=ignore -r /tmp/requirements.txt \
    && rm /tmp/requirements.txt

# Extras of pyproject.toml, in the locked versions: HEIC photographs (27 MB), ONNX files (105 MB), warm-up requests inside
# exported SavedModels (1 MB). EXTRAS= leaves them out. --no-deps, because what they stand on is there already, and
# tensorflow-serving-api asks for `tensorflow`, which pip would install besides tensorflow-cpu.
ARG EXTRAS=heic,onnx,serving
COPY requirements-dev.txt /app/
RUN IFS=,; for extra in $EXTRAS; do \
        case "$extra" in \
            heic) names='pillow-heif' ;; \
            onnx) names='onnx|onnxruntime|tf2onnx' ;; \
            serving) names='tensorflow-serving-api' ;; \
            *) echo "EXTRAS=$EXTRAS: name heic, onnx or serving, with commas between them" >&2; exit 2 ;; \
        esac \
        && grep -E "^($names)==" /app/requirements-dev.txt > /tmp/requirements.txt \
        && python -m pip install --no-cache-dir --root-user-action=ignore --no-deps -r /tmp/requirements.txt \
        && rm /tmp/requirements.txt || exit 1; \
    done

# Files are written to three places only: runs, data, and /tmp, where HOME is, for the caches of libraries. Every user
# may write there, so the image works with any --user and with a read-only root. A new named volume copies the mode.
RUN mkdir -p /app/runs /data && chmod 1777 /app/runs /data
ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/tmp \
    DCGAN_TF_CACHE_DIR=/data/prepared \
    TFDS_DATA_DIR=/data/tensorflow_datasets
WORKDIR /app
COPY --from=program /app ./
# The command `dcgan`, built with the locked setuptools. `python train.py` and the other scripts use the same files.
RUN python -m pip install --no-cache-dir --root-user-action=ignore --no-deps \
        --no-build-isolation --editable .

# The first user of most Linux systems is 1000, so folders of the host usually need no --user. It is a number because
# Kubernetes' runAsNonRoot cannot check a name.
USER 1000:1000
# No HEALTHCHECK: these commands end, and their exit code tells. The services in compose.yaml have their own.
ENTRYPOINT ["tini", "-s", "--"]
CMD ["dcgan", "--help"]
