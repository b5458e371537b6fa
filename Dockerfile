# One image for all: training, images, export, TensorBoard, and the client of a server.
#
#   docker build -t dcgan-tf .                                for CPUs
#   docker build -t dcgan-tf:gpu --build-arg DEVICE=gpu .     for NVIDIA GPUs
#
# docs/containers.md says how to use it, deploy/build_with_buildah.sh builds and tries it without Docker.

# Any image with Python 3.10 to 3.13 on Debian will do. For GPUs too: the CUDA libraries come as Python packages, of
# the versions that TensorFlow asks for. (In the images tensorflow/tensorflow:*-gpu cuDNN is older than that.)
ARG BASE=python:3.11-slim-bookworm
# hadolint ignore=DL3006
FROM ${BASE}

# Python as process 1 would not see SIGTERM before the trainer has installed its handler: the kernel gives process 1 no
# default handlers. tini as process 1 passes all signals on, and ends with the exit code of what it started.
# No version: a base image has one, and Debian's mirrors keep only that.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends tini \
    && rm -rf /var/lib/apt/lists/*

# What changes rarely comes first: this layer is built again only with requirements.txt. Its TensorFlow is taken in the
# variant for the device: tensorflow-cpu leaves out what only GPUs use, and exists for x86-64 only.
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

# Everything that is written lies in three places: runs, data, and /tmp. They are open to every user, so that the image
# runs as any (--user) and on a read-only root. Libraries' own caches go to /tmp with HOME.
RUN mkdir -p /app/runs /data && chmod 1777 /app/runs /data
ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/tmp \
    DCGAN_TF_CACHE_DIR=/data/prepared \
    TFDS_DATA_DIR=/data/tensorflow_datasets \
    NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility
WORKDIR /app
COPY *.py LICENSE ./
COPY dcgan_tf dcgan_tf

# 1000 is the first user of most Linux systems, so that folders of the host fit without more words. A number, because
# Kubernetes' runAsNonRoot cannot judge a name.
USER 1000:1000
# No HEALTHCHECK: these are commands that end, and their exit codes tell. The services of compose.yaml have theirs.
ENTRYPOINT ["tini", "-s", "--"]
CMD ["python", "train.py", "--help"]
