#!/bin/sh
# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# usage: python-env.sh NAME   (NAME: that of a file in tests/requirements, such as py313; uv is the installer alone)
# Makes the environment of tests/requirements/NAME.txt in the cache, unless it is there, and prints its path.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
requirements=$here/../requirements
cache=${KD_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/kubedirector-connections}
environments=$cache/venvs

fail() {
    printf '%s\n' "python-env: $*" >&2
    exit 1
}

# Keyed by content: a changed pin makes a new environment and never alters one that is in use.
environment_of() {
    printf '%s/%s-%s' "$environments" "$1" "$(sha256sum <"$requirements/$1.txt" | cut -c1-12)"
}

have_uv() {
    uv_env=$(environment_of uv)
    uv=$uv_env/bin/uv
    [ -f "$uv_env/.complete" ] && return
    echo "python-env: setting up uv" >&2
    command -v python3 >/dev/null || fail "python3 is missing; install Python 3.9 or newer"
    rm -rf "$uv_env"
    if ! python3 -m venv "$uv_env" >/dev/null 2>&1; then
        # Debian ships python3 without ensurepip.
        if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
            fail "python3 cannot make virtual environments; install the package python3-venv"
        fi
        apt-get install -qq -y python3-venv >&2 || {
            apt-get update -qq >&2 && apt-get install -qq -y python3-venv >&2
        } || fail "the Debian package python3-venv cannot be installed"
        rm -rf "$uv_env"
        python3 -m venv "$uv_env" >&2
    fi
    "$uv_env/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes \
        -r "$requirements/uv.txt" >&2 || fail "uv cannot be installed from PyPI; is it reachable?"
    : >"$uv_env/.complete"
}

# pyenv's shims name versions that they then refuse to start, so its folders are looked at first.
interpreter_of() {
    for candidate in "${PYENV_ROOT:-$HOME/.pyenv}/versions/$1".*/bin/python"$1"; do
        [ -x "$candidate" ] && found=$candidate
    done
    printf '%s' "${found:-$1}"
}

name=${1:-}
case $name in
    py313 | docs | bench | coredevel) version=3.13 ;;
    core218 | core219 | core220) version=3.12 ;;
    py311) version=3.11 ;;
    core217) version=3.10 ;;
    py39) version=3.9 ;;
    uv) version=any ;;
    *) fail "'$name' is not an environment of this project; tests/requirements has them" ;;
esac

environment=$(environment_of "$name")
if [ ! -f "$environment/.complete" ]; then
    mkdir -p "$environments"
    exec 9>"$environments/.lock"
    # Two make targets may start together on a fresh machine.
    flock 9
    if [ ! -f "$environment/.complete" ]; then
        have_uv
    fi
    if [ "$name" != uv ] && [ ! -f "$environment/.complete" ]; then
        echo "python-env: setting up $name (Python $version)" >&2
        "$uv" venv --quiet --clear --python "$(interpreter_of "$version")" "$environment" >&2 ||
            fail "Python $version is neither on this machine nor could uv download it; install Python $version (pyenv, your distribution) and try again"
        "$uv" pip sync --quiet --compile-bytecode --require-hashes --python "$environment/bin/python" \
            "$requirements/$name.txt" >&2 ||
            fail "the packages of tests/requirements/$name.txt cannot be installed; is PyPI reachable?"
        : >"$environment/.complete"
    fi
fi
printf '%s\n' "$environment"
