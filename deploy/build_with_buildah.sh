#!/usr/bin/env bash
# Builds the Dockerfile with buildah and tests the image, without Docker and without an image registry.
#
#   apt-get install --no-install-recommends buildah debootstrap     on Debian, as root
#   deploy/build_with_buildah.sh                      in a temporary folder that is removed at the end
#   deploy/build_with_buildah.sh FOLDER               keeps image and layers there, so the next build is faster
#   DEVICE=gpu deploy/build_with_buildah.sh FOLDER    the image for GPUs, tested on the CPU
#   BASE=docker.io/library/python:3.11-slim-bookworm deploy/build_with_buildah.sh    pulls and uses the real base
#
# It builds a copy of what git tracks, as a clone with the umask 077 would have it, with files added that must stay out.
# Without BASE the base is a stand-in: Debian 12 with its own Python 3.11, from this machine's mirror. This tests the
# Dockerfile, not the base image that it names.
# PIP_CONF=FILE: a pip configuration for the build. It is mounted and does not become part of a layer.
set -euo pipefail

[ "$(id -u)" = 0 ] || { echo "this needs root: it mounts file systems and installs a Debian" >&2; exit 2; }
for needed in buildah debootstrap git; do
    command -v $needed > /dev/null || { echo "this needs $needed: apt-get install $needed" >&2; exit 2; }
done

repository=$(cd "$(dirname "$0")/.." && pwd)
device=${DEVICE:-cpu}
image=localhost/dcgan-tf:$device
base=${BASE:-localhost/stand-in:bookworm}
kept=${1:-}
[ -z "$kept" ] || mkdir -p "$kept"
work=$(cd "${kept:-$(mktemp -d)}" && pwd)
log=$work/log.txt
since=$SECONDS
first=    # process 1 of a container that the script will stop
: > "$log"

export STORAGE_DRIVER=overlay BUILDAH_ISOLATION=chroot
b() { buildah --root "$work/store" --runroot "$work/run" "$@"; }

clean_up() {
    code=$?
    [ $code = 0 ] || { tail -n 20 "$log"; echo "FAILED"; }
    [ -z "$first" ] || kill -KILL "$first"
    b rm --all > /dev/null
    ! mountpoint -q "$work/store/overlay" || umount "$work/store/overlay"    # some versions leave it mounted
    [ -n "$kept" ] || rm -rf --one-file-system "$work"
}
trap clean_up EXIT

passed() { printf '%4d s  %s\n' $((SECONDS - since)) "$*"; since=$SECONDS; }
demand() { "$@" || { echo "failed: $*" >> "$log"; exit 1; }; }

# Runs a command in the container, with the image's user (or that of $as), environment and folder.
run() {
    # shellcheck disable=SC2086
    b run --volume "$work/runs:/app/runs" --volume "$work/data:/data" ${as:-} "$container" -- "$@" >> "$log" 2>&1
}

make_base() {
    local mirror scratch
    # shellcheck disable=SC2016
    mirror=$(apt-get indextargets --format '$(REPO_URI)' | head -n 1)
    debootstrap --variant=minbase --include=python3,python3-venv,python3-pip,ca-certificates \
        bookworm "$work/base" "$mirror" >> "$log"
    ln -s /usr/bin/python3 "$work/base/usr/local/bin/python"
    rm "$work"/base/usr/lib/python3.*/EXTERNALLY-MANAGED          # the real base has none
    tar -C "$work/base" -cf "$work/base.tar" .
    scratch=$(b from scratch)
    b add --quiet "$scratch" "$work/base.tar" / >> "$log"
    b config --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$scratch"
    b commit --quiet "$scratch" "$base" >> "$log" 2>&1
    rm -rf --one-file-system "$work/base" "$work/base.tar"
}

# Prints the id of the process with a name below another process.
find_below() {
    local child
    for child in $(pgrep -P "$1"); do
        if [ "$(cat "/proc/$child/comm" 2> /dev/null)" = "$2" ]; then echo "$child"; else find_below "$child" "$2"; fi
    done
}

# Runs a command as a container does: the entry point is process 1 of its own process namespace. Sends SIGTERM one
# second after a file exists, and demands exit code 143. (Root creates the namespace; user 1000 runs the command.)
terminate() {
    local awaited=$1 code=0 started deadline=$((SECONDS + 120))
    shift
    as='--user 0 --cap-add CAP_SYS_ADMIN' run unshare --pid --fork --kill-child \
        setpriv --reuid=1000 --regid=1000 --clear-groups "${entry[@]}" "$@" &
    started=$!
    until [ -n "$first" ] && [ -e "$awaited" ]; do
        demand [ $SECONDS -lt $deadline ]
        sleep 0.1
        first=$(find_below $started "${entry[0]}")
    done
    sleep 1
    kill -TERM "$first"
    wait $started || code=$?
    first=
    demand [ $code = 143 ]
}

if [ -z "${BASE:-}" ] && ! b inspect --type image "$base" > /dev/null 2>&1; then
    make_base
    passed "built a stand-in for the base"
fi

context=$work/context
rm -rf "$context"
mkdir -m 700 "$context"
git -C "$repository" ls-files -z | tar -C "$repository" --null -T - -c \
    | (umask 077 && tar -C "$context" --no-same-permissions -x)
strangers=(scratch.py .env .git/config runs/x .venv/x.py dcgan_tf/notes.ipynb dcgan_tf/x.py~ dcgan_tf/models/.x.py.swp
    dcgan_tf/.DS_Store dcgan_tf/.ipynb_checkpoints/x.py dcgan_tf/models/__pycache__/x.cpython-311.pyc)
for stranger in "${strangers[@]}"; do
    mkdir -p "$context/$(dirname "$stranger")"
    touch "$context/$stranger"
done

# This machine's certificates are mounted, for machines behind a proxy with its own certificate.
b bud --layers --format docker --build-arg BASE="$base" --build-arg DEVICE="$device" --tag "$image" \
    --volume /etc/ssl/certs:/etc/ssl/certs:ro ${PIP_CONF:+--volume "$PIP_CONF:/etc/pip.conf:ro"} \
    "$context" >> "$log" 2>&1
size() { b images --format '{{.Size}}' "$1"; }
passed "built $image: $(size "$image"), $(size "$base") of which are the base"

container=$(b from --pull-never "$image")
entry=$(b inspect --type image --format '{{range .OCIv1.Config.Entrypoint}}{{.}} {{end}}' "$image")
read -ra entry <<< "$entry"    # `buildah run` leaves it out
rm -rf "$work/runs" "$work/data"
mkdir -m 1777 "$work/runs" "$work/data"

run sh -c 'test "$(id -u)" = 1000 && test ! -w . && test ! -w train.py && ! env | grep NVIDIA'
passed "runs as user 1000, who cannot write the program; no variables for GPUs"

mounted=$(b mount "$container")
tracked=$(git -C "$repository" ls-files ':(glob)*.py' 'dcgan_tf/*.py' 'requirements*' pyproject.toml README.md LICENSE)
contents=$(cd "$mounted/app" && find . \( -path ./runs -o -name '*.egg-info' \) -prune -o -type f -print | cut -c3-)
demand diff <(LC_ALL=C sort <<< "$tracked") <(LC_ALL=C sort <<< "$contents") >> "$log"
demand [ -z "$(find "$mounted/app" ! -perm -o=r -print)" ]
b unmount "$container" >> "$log"
passed "holds what git tracks and no more, readable for everybody"

run "${entry[@]}" dcgan --help
run "${entry[@]}" python train.py --help
run "${entry[@]}" dcgan client --help
passed "dcgan --help, python train.py --help, dcgan client --help"

run "${entry[@]}" dcgan train --preset=tiny --steps=20 --run=runs/tiny
for name in config.json metrics.jsonl reals.png curves.png training.gif; do demand [ -s "$work/runs/tiny/$name" ]; done
demand [ "$(stat -c %u "$work/runs/tiny/config.json")" = 1000 ]
demand [ -d "$work/data/prepared" ]
passed "dcgan train: the run and the prepared images are in the volumes"

run "${entry[@]}" dcgan generate --run=runs/tiny --num=64 --out=runs/grid.png
demand [ -s "$work/runs/grid.png" ]
passed "dcgan generate"

run "${entry[@]}" dcgan export --run=runs/tiny --name=tiny
for name in saved_model.pb tf_serving_warmup_requests '*.tflite' '*.keras' '*.onnx'; do
    demand [ -n "$(find "$work/runs/tiny/export" -name "$name" -size +0)" ]
done
passed "dcgan export: every format, with warm-up requests"

run "${entry[@]}" python -c 'import pillow_heif'
passed "HEIC photographs can be read"

as='--user 12345:12345' run "${entry[@]}" dcgan train --preset=tiny --steps=20 --run=runs/other
demand [ "$(stat -c %u "$work/runs/other/config.json")" = 12345 ]
passed "dcgan train as user 12345, whom the image does not know"

terminate "$log" dcgan train --preset=tiny --steps=100000 --run=runs/early
demand [ ! -e "$work/runs/early" ]
passed "SIGTERM while Python imports: exit code 143"

terminate "$work/runs/stopped/curves.png" dcgan train --preset=tiny --steps=100000 --run=runs/stopped
last=$(find "$work/runs/stopped/checkpoints" -name 'step-*.npz' | sort | tail -n 1 | grep -o '[0-9]*\.npz$')
last=$((10#${last%.npz}))
demand grep -q "stopped at step $last: SIGTERM;" "$work/runs/stopped/log.txt"
passed "SIGTERM while it trains: a checkpoint at step $last, exit code 143"

run "${entry[@]}" dcgan train --run=runs/stopped --steps=$((last + 5))
demand [ -n "$(find "$work/runs/stopped/checkpoints" -name "*$((last + 5)).npz")" ]
passed "dcgan train --run=runs/stopped: resumed"

# shellcheck disable=SC2016
as='--user 0 --cap-add CAP_SYS_ADMIN' run unshare --mount sh -c '
    mount -t tmpfs tmpfs /tmp && mount -o remount,bind,ro / && ! touch /app/x &&
    exec setpriv --reuid=1000 --regid=1000 --clear-groups "$@"' sh \
    "${entry[@]}" dcgan train --preset=tiny --steps=20 --run=runs/read-only
demand [ -s "$work/runs/read-only/curves.png" ]
passed "dcgan train with a read-only root"

mounted=$(b mount "$container")
demand [ -z "$(find "$mounted" -xdev -path "$mounted/tmp" -prune -o \( -uid 1000 -o -uid 12345 \) -print)" ]
b unmount "$container" >> "$log"
passed "nothing was written outside the volumes and /tmp"
echo "all tests passed"
