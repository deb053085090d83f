#!/bin/sh
# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# usage: compile-requirements.sh [uv pip compile options, for example --upgrade]
# Pins tests/requirements/*.in with hashes, and what an execution environment needs. No index addresses: whoever installs uses their own index.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
uv=$("$here/python-env.sh" uv)/bin/uv
cd "$here/../requirements"

pin() {
    name=$1 version=$2
    shift 2
    "$uv" pip compile --quiet --universal --python-version "$version" --generate-hashes \
        --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
        "$@" --output-file "$name.txt" "${source:-$name.in}"
}

# One input for several ansible-core versions.
pin_core() {
    name=$1 version=$2 ansible=$3
    shift 3
    printf '%s\n' "ansible-core$ansible" "-r core.in" | source=- pin "$name" "$version" "$@"
}

pin uv 3.9 "$@"
# For that Python alone: newer ones would bring other releases of nearly everything.
pin py39 3.9 --no-universal "$@"
pin py311 3.11 "$@"
pin py313 3.13 "$@"
pin_core core217 3.10 "==2.17.*" "$@"
pin_core core218 3.12 "==2.18.*" "$@"
pin_core core219 3.12 "==2.19.*" "$@"
pin_core core220 3.12 "==2.20.*" "$@"
# The lower bound admits pre-releases of the version after the newest supported one.
pin_core coredevel 3.13 ">=2.22.0b1" "$@"
pin docs 3.13 "$@"
pin bench 3.13 "$@"
# For the execution environment: the versions that the tests run with. ansible-builder reads no hashes.
"$uv" pip compile --quiet --universal --python-version 3.12 --constraint py313.txt \
    --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
    "$@" --output-file ../../extensions/awx/requirements.txt ../../requirements.txt
