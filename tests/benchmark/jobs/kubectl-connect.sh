#!/bin/sh
# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# usage: kubectl-connect.sh NAMESPACE KDCLUSTER VALUE TOKEN
# The same by kubectl. The wait is as exact as the collection's.
set -eu
namespace=$1 kdcluster=$2 value=$3 token=$4
configmeta=/etc/guestconfig/configmeta.json

k() {
    kubectl --namespace "$namespace" "$@"
}

k apply --filename - <<MANIFESTS
apiVersion: v1
kind: ConfigMap
metadata:
  name: bench-model
  labels: {kubedirector.hpe.com/cmType: model}
data: {name: digits, model-version: "$value", path: "s3://models.example.com/digits"}
---
apiVersion: v1
kind: Secret
metadata:
  name: bench-token
  labels: {kubedirector.hpe.com/secretType: source-control}
stringData: {type: github, branch: "$value", token: "$token"}
MANIFESTS
k patch kubedirectorcluster "$kdcluster" --type merge \
    --patch '{"spec": {"connections": {"configmaps": ["bench-model"], "secrets": ["bench-token"]}}}'

versions=$(k get configmap/bench-model secret/bench-token \
    --output jsonpath='{range .items[*]}{.metadata.name}{.metadata.resourceVersion}{end}')
hash=$(printf %s "$versions" | md5sum | cut -d ' ' -f 1)
detail='.status.roles[*].members[*].stateDetail'
until
    # shellcheck disable=SC2046  # these are words apart
    set -- $(k get kubedirectorcluster "$kdcluster" --output jsonpath="{.status.state} \
{.status.lastConnectionHash} {.status.specGenerationToProcess} {$detail.lastConfigDataGeneration} \
{$detail.lastSetupGeneration}")
    state=$1 stored=$2
    shift 2
    [ "$state" = configured ] && [ "$stored" = "$hash" ] &&
        [ "$(printf '%s\n' "$@" | sort -u | wc -l)" = 1 ]
do
    sleep 0.2
done

k get kubedirectorcluster "$kdcluster" --output jsonpath='{.status.roles[*].members[*].pod}' |
    tr ' ' '\n' |
    xargs -P 8 -I '{}' kubectl --namespace "$namespace" exec '{}' --container app -- cat $configmeta
