# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read the snapshot: one LIST of KDClusters, one of KDApps, and the named objects side by side."""

from __future__ import annotations

import typing as t

from .._core.errors import (
    ApiError,
    NotFoundError,
    PreconditionError,
)
from .._core.side_by_side import answers_side_by_side
from .._kubedirector.resources import BY_KIND, KDAPP, KDCLUSTER, NAMESPACE
from .._kubedirector.selection import Selection, selection_from
from .._kubedirector.snapshot import (
    KDCluster,
    LiveObject,
    parse_kdcluster,
    parse_object,
)

if t.TYPE_CHECKING:
    from .._client.api import Api
    from .._core.resource import Resource

_FORBIDDEN = 403


def read_kdclusters(api: Api, namespace: str) -> tuple[dict[str, KDCluster], str]:
    """Read all KDClusters of a namespace.

    :returns: them by name, and the resourceVersion from which a watch can go on.
    :raises ApiError, UnreachableError:
    """
    manifests, resource_version = api.list_all(KDCLUSTER, namespace)
    found = [parse_kdcluster(manifest) for manifest in manifests]
    return {cluster.name: cluster for cluster in found}, resource_version


def read_app_names(api: Api, namespace: str) -> frozenset[str]:
    """Read the names of the KDApps in a namespace. :raises ApiError, UnreachableError:"""
    manifests, _version = api.list_all(KDAPP, namespace, metadata_only=True)
    return frozenset(manifest["metadata"]["name"] for manifest in manifests)


def read_selected(api: Api, namespace: str, selection: Selection) -> list[str]:
    """Ask the API server which KDClusters of a namespace are selected: their names, sorted.

    :raises ApiError: it does not understand a label selector, for example.
    :raises UnreachableError:
    """
    manifests = list_manifests(
        api,
        KDCLUSTER,
        namespace,
        metadata_only=not selection.apps,
        label_selectors=selection.label_selectors,
    ).get(namespace, [])
    if selection.apps:
        manifests = [one for one in manifests if parse_kdcluster(one).app in selection.apps]
    return sorted(str(one["metadata"]["name"]) for one in manifests)


def with_selected(
    read: t.Callable[[str, Selection], list[str]], namespace: str, params: t.Mapping[str, t.Any]
) -> t.Mapping[str, t.Any]:
    """Make a selection of KDClusters their names.

    :param read: read_selected(), with an Api; what selects the same may be read once.
    :returns: the options with `kdcluster` in place of what selects; the same options where nothing does.
    :raises InvalidInputError, PreconditionError, ApiError, UnreachableError:
    """
    selection = selection_from(params)
    if selection is None:
        return params
    names = read(namespace, selection)
    selection.require_size(names, namespace)
    return {**params, "label_selectors": None, "apps": None, "kdcluster": names}


def list_manifests(
    api: Api,
    resource: Resource,
    namespace: str | None,
    *,
    metadata_only: bool = False,
    label_selectors: t.Iterable[str] = (),
) -> dict[str, list[dict[str, t.Any]]]:
    """Read all objects of a kind by one LIST.

    :param namespace: None for all namespaces.
    :param label_selectors: all of them hold.
    :returns: manifests by namespace.
    :raises ApiError, UnreachableError:
    """
    found: dict[str, list[dict[str, t.Any]]] = {}
    selector = ",".join(label_selectors) or None
    manifests, _version = api.list_all(
        resource, namespace, metadata_only=metadata_only, selector=selector
    )
    for manifest in manifests:
        found.setdefault(manifest["metadata"]["namespace"], []).append(manifest)
    return found


def read_objects(
    api: Api,
    namespace: str,
    names: t.Iterable[tuple[str, str]],
    with_data: t.Container[tuple[str, str]] = (),
) -> dict[tuple[str, str], LiveObject | None]:
    """Read ConfigMaps and Secrets side by side.

    :param names: (kind, name) of each.
    :param with_data: those of them whose data are needed; of the others only metadata are read, so
        that no Secret's values travel without need.
    :returns: (kind, name) to what was found, None if it does not exist. `readable` is false if the caller may not read
        its metadata.
    :raises ApiError, UnreachableError:
    """

    def read(key: tuple[str, str]) -> LiveObject | None:
        kind, name = key
        full = key in with_data
        try:
            manifest = api.get(BY_KIND[kind], namespace, name, metadata_only=not full)
        except NotFoundError:
            return None
        except ApiError as error:
            # A tenant often may use Secrets, but not read them.
            if full or error.status != _FORBIDDEN:
                raise
            return LiveObject(kind, namespace, name, "", {}, {}, readable=False)
        return parse_object(kind, manifest, with_data=full)

    keys = list(dict.fromkeys(names))
    return dict(zip(keys, answers_side_by_side(read, keys)))


def read_allowed_objects(
    api: Api, namespace: str, keys: t.Iterable[tuple[str, str]]
) -> tuple[dict[tuple[str, str], LiveObject | None], dict[tuple[str, str], str]]:
    """Read ConfigMaps and Secrets with their data, as far as the caller may.

    :returns: what was found, as read_objects does; and for each object that the caller may not read, why.
    :raises ApiError, UnreachableError:
    """

    found: dict[tuple[str, str], LiveObject | None] = {}
    refused: dict[tuple[str, str], str] = {}

    def read(key: tuple[str, str]) -> None:
        try:
            found.update(read_objects(api, namespace, [key], with_data={key}))
        except ApiError as error:
            if error.status != _FORBIDDEN:
                raise
            refused[key] = str(error)

    answers_side_by_side(read, dict.fromkeys(keys))
    return found, refused


def require_namespace(api: Api, namespace: str) -> None:
    """Check that a namespace exists, as far as the caller may know.

    :raises PreconditionError: it does not exist.
    :raises UnreachableError:
    """
    try:
        api.get(NAMESPACE, None, namespace, metadata_only=True)
    except NotFoundError:
        raise PreconditionError(
            [f"Namespace {namespace} does not exist. Create it first, or correct its name."]
        ) from None
    except ApiError as error:
        # A tenant may have no right to read namespaces; a later request will fail then.
        if error.status != _FORBIDDEN:
            raise
