#!/bin/sh
# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# usage: kubectl-connect-list.sh NAMESPACE VALUE KDCLUSTER...
# The same list by kubectl. The wait is as exact as the collection's.
set -eu
namespace=$1 value=$2
shift 2

k() {
    kubectl --namespace "$namespace" "$@"
}

for kdcluster in "$@"; do
    k apply --filename - <<MANIFEST
apiVersion: v1
kind: ConfigMap
metadata:
  name: bench-model-$kdcluster
  labels: {kubedirector.hpe.com/cmType: model}
data: {name: digits, model-version: "$value", path: "s3://models.example.com/digits"}
MANIFEST
    k patch kubedirectorcluster "$kdcluster" --type merge \
        --patch "{\"spec\": {\"connections\": {\"configmaps\": [\"bench-model-$kdcluster\"]}}}"
done

settled() {
    detail='.status.roles[*].members[*].stateDetail'
    # shellcheck disable=SC2046  # these are words apart
    set -- "$2" $(k get kubedirectorcluster "$1" --output jsonpath="{.status.state} \
{.status.lastConnectionHash} {.status.specGenerationToProcess} {$detail.lastConfigDataGeneration} \
{$detail.lastSetupGeneration}")
    hash=$1 state=$2 stored=$3
    shift 3
    [ "$state" = configured ] && [ "$stored" = "$hash" ] &&
        [ "$(printf '%s\n' "$@" | sort -u | wc -l)" = 1 ]
}

for kdcluster in "$@"; do
    version=$(k get configmap "bench-model-$kdcluster" \
        --output jsonpath='{.metadata.name}{.metadata.resourceVersion}')
    hash=$(printf %s "$version" | md5sum | cut -d ' ' -f 1)
    until settled "$kdcluster" "$hash"; do
        sleep 0.2
    done
done
