#!/bin/sh
# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# usage: kubectl-read.sh NAMESPACE
# Reads configmeta.json from every member of the namespace's KDClusters, 8 at a time.
set -eu
kubectl --namespace "$1" get kubedirectorclusters \
    --output jsonpath='{range .items[*]}{range .status.roles[*].members[*]}{.pod}{"\n"}{end}{end}' |
    xargs -P 8 -I '{}' kubectl --namespace "$1" exec '{}' --container app -- \
        cat /etc/guestconfig/configmeta.json
