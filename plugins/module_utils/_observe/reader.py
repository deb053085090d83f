# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read the snapshot: one LIST of KDClusters, one of KDApps, and the named objects side by side."""

from __future__ import annotations

import typing as t

from .._core.errors import ApiError, NotFoundError, PreconditionError
from .._core.side_by_side import answers_side_by_side
from .._kubedirector.resources import BY_KIND, KDAPP, KDCLUSTER, NAMESPACE
from .._kubedirector.selection import Selection, selection_from
from .._kubedirector.snapshot import KDCluster, LiveObject, parse_kdcluster, parse_object

if t.TYPE_CHECKING:
    from .._client.api import Api
    from .._core.resource import Key, Resource

_FORBIDDEN = 403


def read_kdclusters(api: Api, namespace: str) -> tuple[dict[str, KDCluster], str]:
    """:returns: KDClusters by name, and the resourceVersion from which a watch can go on.
    :raises ApiError, UnreachableError:
    """
    manifests, resource_version = api.list_all(KDCLUSTER, namespace)
    found = [parse_kdcluster(manifest) for manifest in manifests]
    return {cluster.name: cluster for cluster in found}, resource_version


def read_app_names(api: Api, namespace: str) -> frozenset[str]:
    """:raises ApiError, UnreachableError:"""
    manifests, _version = api.list_all(KDAPP, namespace, metadata_only=True)
    return frozenset(manifest["metadata"]["name"] for manifest in manifests)


def read_selected(api: Api, namespace: str, selection: Selection) -> list[str]:
    """Ask the API server for the names of selected KDClusters, sorted.

    :raises ApiError: also for a malformed label selector. :raises UnreachableError:
    """
    apps, selectors = selection.apps, selection.label_selectors
    manifests = list_manifests(
        api, KDCLUSTER, namespace, metadata_only=not apps, label_selectors=selectors
    ).get(namespace, [])
    return sorted(
        str(one["metadata"]["name"])
        for one in manifests
        if not apps or parse_kdcluster(one).app in apps
    )


def with_selected(
    read: t.Callable[[str, Selection], list[str]], namespace: str, params: t.Mapping[str, t.Any]
) -> t.Mapping[str, t.Any]:
    """Replace the selecting options, if any, with the selected KDClusters' names in `kdcluster`.

    :param read: read_selected(), with an Api.
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

    :param namespace: None for all.
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
    names: t.Iterable[Key],
    with_data: t.Container[Key] = (),
) -> dict[Key, LiveObject | None]:
    """Read ConfigMaps and Secrets side by side.

    :param with_data: those to read with data; others give metadata only, so that no Secret's values travel without
        need.
    :returns: None for what does not exist.
    :raises ApiError, UnreachableError:
    """

    def read(key: Key) -> LiveObject | None:
        kind, name = key
        full = key in with_data
        try:
            manifest = api.get(BY_KIND[kind], namespace, name, metadata_only=not full)
        except NotFoundError:
            return None
        except ApiError as error:
            # Tenants often may use Secrets, but not read them.
            if full or error.status != _FORBIDDEN:
                raise
            return LiveObject(kind, namespace, name, "", {}, {}, readable=False)
        return parse_object(kind, manifest, with_data=full)

    keys = list(dict.fromkeys(names))
    return dict(zip(keys, answers_side_by_side(read, keys)))


def read_allowed_objects(
    api: Api, namespace: str, keys: t.Iterable[Key]
) -> tuple[dict[Key, LiveObject | None], dict[Key, str]]:
    """Read ConfigMaps and Secrets with their data, as far as the caller may.

    :returns: as read_objects(), and the reason for each refused object.
    :raises ApiError, UnreachableError:
    """
    found: dict[Key, LiveObject | None] = {}
    refused: dict[Key, str] = {}

    def read(key: Key) -> None:
        try:
            found.update(read_objects(api, namespace, [key], with_data={key}))
        except ApiError as error:
            if error.status != _FORBIDDEN:
                raise
            refused[key] = str(error)

    answers_side_by_side(read, dict.fromkeys(keys))
    return found, refused


def require_namespace(api: Api, namespace: str) -> None:
    """:raises PreconditionError: it does not exist, as far as the caller may see. :raises UnreachableError:"""
    try:
        api.get(NAMESPACE, None, namespace, metadata_only=True)
    except NotFoundError:
        raise PreconditionError(
            [f"Namespace {namespace} does not exist. Create it first, or correct its name."]
        ) from None
    except ApiError as error:
        # Tenants may lack the right to read namespaces; then a later request fails.
        if error.status != _FORBIDDEN:
            raise
