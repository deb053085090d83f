# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""from_files, from_env_file, definition and src of configmaps, secrets and KDClusters, read on the controller.

The module may run on a host without these files, so it gets plain options: data and binary_data, masked as usual, and
what else a manifest says.
"""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import functools
import os
import typing as t

from ansible.errors import AnsibleError
from ansible.module_utils.common.validation import check_type_dict

from ..module_utils._core.errors import InvalidInputError
from ..module_utils._core.names import require_data_key
from ..module_utils._kd_connection.argspec import ACTION_OPTIONS
from ..module_utils._kd_connection.entry_words import Path, shown_path
from ._filters import origin_of
from ._kubectl_values import (
    MAX_BYTES,
    UnusableFileError,
    content_of,
    env_lines,
    files_in,
    is_folder,
    too_much,
)
from ._manifests import BESIDES, IN_MANIFEST, Problems, cluster_fields, manifest_fields, manifest_in

_COLLECTION = os.path.join(os.path.abspath(os.path.join(os.path.dirname(__file__), "../..")), "")
# Base64 and metadata make a manifest longer than its values, which the API server judges.
_MOST_OF_MANIFEST = 4 * MAX_BYTES
_OTHER_DATA = {"configmaps": ("data", "binary_data"), "secrets": ("data", "string_data", "stringData")}  # fmt: skip
_MANIFEST_OPTIONS = ("definition", "src")
_Options = t.Mapping[str, t.Any]
# Takes a manifest, and strict=True where its values must have the right types.
_FieldsOfManifest = t.Callable[..., tuple[dict[str, t.Any], Problems]]


class Finder(t.Protocol):
    """Finds and decrypts files on the controller."""

    def find(self, name: str) -> str:
        """Find a file or folder on Ansible's search path. :raises AnsibleError:"""

    def decrypted(self, path: str) -> str:
        """The path of a file, or of what ansible-vault encrypted in it. :raises AnsibleError:"""

    def forget(self, path: str) -> None:
        """Delete what was decrypted."""


@dataclasses.dataclass
class FileValues:
    """A task's options with the content of files in place of their names.

    :param args: those given, or a copy if any is replaced; what was given is not changed.
    :param problems: of files and manifests, each with the path from the options to the value.
    :param warnings: the same of what kubectl drops silently.
    """

    args: _Options = dataclasses.field(repr=False)
    problems: Problems = dataclasses.field(default_factory=list)
    warnings: Problems = dataclasses.field(default_factory=list)


def with_file_values(args: _Options, finder: Finder) -> FileValues:
    """Read the files of a kd_connection or kd_connections task, in entries of any form."""
    read = FileValues(args)
    result = _with_values(read, args, (), finder)
    entries = args.get("connections")
    if isinstance(entries, list):
        values = [
            _with_values(read, entry, ("connections", index), finder)
            for index, entry in enumerate(entries)
        ]
        if any(after is not before for after, before in zip(values, entries)):
            result = {**result, "connections": values}
    read.args = result
    return read


def with_cluster_manifest(args: _Options, finder: Finder) -> FileValues:
    """Write the manifest of a kd_cluster task as single options."""
    read = FileValues(args)
    fields = _Files(read, args, (), finder).manifest(
        frozenset(args) - IN_MANIFEST,
        functools.partial(cluster_fields, namespace=args.get("namespace")),
    )
    if fields is not None:
        left_out = (*_MANIFEST_OPTIONS, "kdcluster")
        read.args = {key: args[key] for key in args if key not in left_out} | fields
    return read


def _is_from_files(entry: t.Any) -> bool:
    return isinstance(entry, dict) and any(entry.get(name) is not None for name in ACTION_OPTIONS)


def _with_values(read: FileValues, options: t.Any, path: Path, finder: Finder) -> t.Any:
    """One connection's options with values in place of files; the same where none is named."""
    if not isinstance(options, dict):
        return options
    absent = options.get("state") == "absent"
    namespace = options.get("namespace") or read.args.get("namespace")
    values = {}
    for option in _OTHER_DATA:
        entries = options.get(option)
        if isinstance(entries, list) and any(map(_is_from_files, entries)):
            values[option] = [
                _Reader(read, option, one, (*path, option, index), finder).entry(absent, namespace)
                if _is_from_files(one)
                else one
                for index, one in enumerate(entries)
            ]
    return {**options, **values} if values else options


class _Files:
    """Finds and reads files of one ConfigMap or Secret, or of a KDCluster's manifest."""

    _is_secret = False

    def __init__(self, read: FileValues, given: _Options, path: Path, finder: Finder) -> None:
        self._read = read
        self._given = given
        self._path = path
        self._finder = finder

    def manifest(
        self, besides: t.Collection[str], fields_of: _FieldsOfManifest
    ) -> dict[str, t.Any] | None:
        """A manifest, or a file with one, as single options; None if neither is given.

        :param besides: options allowed beside it.
        """
        given = {name: value for name, value in self._given.items() if value is not None}
        option = next((one for one in _MANIFEST_OPTIONS if one in given), None)
        if option is None:
            return None
        others = [name for name in given if name != option and name not in besides]
        if others:
            self._problem(
                (option,), f"stands in place of {', '.join(others)}. Keep one of the two."
            )
        manifest = given[option]
        if option == "src":
            manifest = self._manifest_in(manifest)
            if manifest is None:
                return {}
        fields, problems = fields_of(manifest, strict=option == "src")
        for path, text in problems:
            if option == "src":
                place = ", ".join(filter(None, (given[option], shown_path(manifest, path))))
                self._problem((option,), f"{place}: {text}")
            else:
                self._problem((option, *path), text)
        name = self._given.get("name", self._given.get("kdcluster"))
        if name not in (None, fields.get("name")):
            self._problem(
                (option,), "metadata.name is not the name that is given beside. Leave that out."
            )
        return fields

    def _manifest_in(self, name: t.Any) -> t.Any:
        content = self._only_file(("src",), name, _MOST_OF_MANIFEST)
        if content is not None:
            with self._problems_with(("src",), name):
                return manifest_in(content)
        return None

    def _only_file(self, here: Path, name: t.Any, most: int) -> bytes | None:
        """The content of an option's one file; None, and a problem, if unusable."""
        path = self._found(here, name)
        if path is not None:
            with self._problems_with(here, name):
                if is_folder(path):
                    raise UnusableFileError("is a folder. Name a file.")
                return self._content(path, most)
        return None

    def _found(self, here: Path, name: t.Any) -> str | None:
        """Find a file: on Ansible's search path, else beside the file that names it, else from the current directory
        (for playbooks of this collection, whose folder is not where people keep files)."""
        if not isinstance(name, str) or not name:
            self._problem(here, "a path belongs here.")
            return None
        with contextlib.suppress(AnsibleError):
            path = self._finder.find(name)
            # Playbooks of this collection name no files, but files lie beside them.
            if not os.path.abspath(path).startswith(_COLLECTION):
                return path
        for folder in (*self._folders(here), os.getcwd()):
            # Ansible takes a relative path as one from the playbook.
            path = os.path.abspath(os.path.join(folder, name))
            if os.path.exists(path):
                return path
        # It may be the content of a file, by mistake.
        named = not self._is_secret and not {*"\n{"} & {*name}
        self._problem(
            here,
            f"{name if named else 'the file that is named here'} does not exist on the controller. A relative path is "
            "looked up in files/ of role and playbook, beside the playbook, beside the file in which it is written if "
            "Ansible knows that, and in the current directory.",
        )
        return None

    def _folders(self, here: Path) -> t.Iterator[str]:
        """The folders of the file in which a name is written, as far as known."""
        origin = origin_of(self._read.args, (*self._path, *here))
        if origin is not None:
            yield os.path.dirname(origin.path)
        places = self._read.args.get("places")
        if self._path[:1] == ("connections",) and isinstance(places, list):
            # ansible-core before 2.19 does not know origins.
            yield from (os.path.dirname(str(place)) for place in places[self._path[1] :][:1])

    def _content(self, path: str, most: int = MAX_BYTES) -> bytes:
        try:
            decrypted = self._finder.decrypted(path)
        except AnsibleError:
            # Its own message may quote what is around.
            raise UnusableFileError(
                "cannot be read, or is encrypted by ansible-vault with another password than is given."
            ) from None
        try:
            return content_of(decrypted, most)
        finally:
            self._finder.forget(decrypted)

    @contextlib.contextmanager
    def _problems_with(self, here: Path, name: str) -> t.Iterator[None]:
        try:
            yield
        except UnusableFileError as error:
            self._problem(here, f"{name} {error}")

    def _problem(self, here: Path, text: str) -> None:
        self._read.problems.append(((*self._path, *here), text))

    def _warning(self, here: Path, text: str) -> None:
        self._read.warnings.append(((*self._path, *here), text))


class _Reader(_Files):
    """Reads the files of one ConfigMap or Secret."""

    def __init__(
        self, read: FileValues, option: str, given: _Options, path: Path, finder: Finder
    ) -> None:
        super().__init__(read, given, path, finder)
        self._option = option
        self._is_secret = option == "secrets"
        # Key to where it comes from.
        self._sources = {
            str(key): name
            for name in _OTHER_DATA[option]
            for key in _as_dict(given.get(name)) or ()
        }
        self._size = 0
        self._text: dict[str, str] = {}
        self._binary: dict[str, str] = {}

    def entry(self, absent: bool, namespace: t.Any) -> dict[str, t.Any]:
        """The entry as single options. One that is disconnected needs no values."""
        result = {key: value for key, value in self._given.items() if key not in ACTION_OPTIONS}
        fields_of = functools.partial(manifest_fields, self._option, namespace=namespace)
        fields = self.manifest(BESIDES, fields_of)
        if fields is not None:
            return {**result, **fields}
        if absent:
            return result
        known = len(self._read.problems)
        self._read_files()
        self._read_env_file()
        if not self._sources and len(self._read.problems) == known:
            option = "from_files" if self._given.get("from_files") is not None else "from_env_file"
            self._problem(
                (option,),
                "gives no value, which would remove all data of an object that exists. Give data: {} if you want that.",
            )
        binary_field = "data" if self._is_secret else "binary_data"
        for field, values in (("data", self._text), (binary_field, self._binary)):
            before = _as_dict(result.get(field))
            # What is not a dictionary is the module's to refuse.
            if before is not None:
                result[field] = {**before, **values}
        return result

    def _read_files(self) -> None:
        given = self._given.get("from_files")
        sources = [given] if isinstance(given, str) else given
        if sources is None:
            return
        if not isinstance(sources, list):
            self._problem(
                ("from_files",),
                "a list of paths, or of dictionaries with key and path, belongs here.",
            )
            return
        for number, source in enumerate(sources):
            here: Path = ("from_files", number)
            one = {"path": source} if isinstance(source, str) else source
            if (
                not isinstance(one, dict)
                or not one.keys() <= {"key", "path"}
                or not isinstance(one.get("path"), str)
                or not isinstance(one.get("key"), (str, type(None)))
            ):
                self._problem(here, "a path belongs here, or a dictionary with key and path.")
                continue
            self._read_source(here, one["path"], one.get("key"))

    def _read_source(self, here: Path, name: str, key: str | None) -> None:
        path = self._found(here, name)
        if path is None:
            return
        with self._problems_with(here, name):
            if not is_folder(path):
                base = os.path.basename(name.rstrip("/"))
                self._add(here, base if key is None else key, self._content(path))
                return
            if key is not None:
                raise UnusableFileError(
                    "is a folder, whose files have their own names as keys. Leave key out."
                )
            files, others = files_in(path)
            for file in files:
                with self._problems_with(here, f"{name.rstrip('/')}/{file}"):
                    self._add(here, file, self._content(os.path.join(path, file)))
            if others:
                self._warning(
                    here,
                    f"only ordinary files of {name} are used, as with kubectl; left out: {', '.join(others)}.",
                )

    def _read_env_file(self) -> None:
        name = self._given.get("from_env_file")
        here: Path = ("from_env_file",)
        content = None if name is None else self._only_file(here, name, MAX_BYTES)
        for line in env_lines(content or b"", names_shown=not self._is_secret):
            where = f"{name}, line {line.number}"
            value = os.environ.get(line.name) if line.value is None else line.value
            unset = (
                "there is no '=', and the controller's environment has no variable of this name."
            )
            # A name may be part of a secret that is broken into lines.
            shown = f"the key of {where}" if self._is_secret else ""
            if line.problem:
                self._problem(here, f"{where}: {line.problem}")
            elif value is not None:
                self._add(here, line.name, os.fsencode(value), shown)
            elif self._is_secret:
                # With kubectl the line, which may be a value, becomes a key.
                self._problem(here, f"{where}: {unset} Write NAME=VALUE.")
            else:
                self._warning(
                    here, f"{where}: {unset} The value of {line.name} is empty, as with kubectl."
                )
                self._add(here, line.name, b"")

    def _add(self, here: Path, key: str, content: bytes, shown: str = "") -> None:
        """Take a value. :param shown: how to name the key."""
        try:
            require_data_key(key, here[0])
        except InvalidInputError as error:
            self._problem(here, str(error).removeprefix(f"{here[0]}: "))
            return
        if key in self._sources:
            self._problem(
                here,
                f"{shown or f'key {key}'} is in {self._sources[key]} too; keep it in one of them.",
            )
            return
        self._sources[key] = here[0]
        before, self._size = self._size, self._size + len(content)
        if self._size > MAX_BYTES:
            if before <= MAX_BYTES:
                self._problem(here, too_much("the values up to here hold"))
            return
        encoded = base64.b64encode(content).decode()
        if self._is_secret:
            self._binary[key] = encoded
            return
        try:
            self._text[key] = content.decode()
        except UnicodeDecodeError:
            self._binary[key] = encoded


def _as_dict(value: t.Any) -> dict[t.Any, t.Any] | None:
    """A value in the forms that Ansible takes for a dictionary; None for any other."""
    if value is None:
        return {}
    try:
        return dict(check_type_dict(value))
    except TypeError:
        return None
