# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS: the servers that the client trusts, over HTTP and over the WebSocket of an exec."""

from __future__ import annotations

import base64
import dataclasses
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ansible_collections.kubedirector.connections.plugins.module_utils._client import transport
from ansible_collections.kubedirector.connections.plugins.module_utils._client.api import Api
from ansible_collections.kubedirector.connections.plugins.module_utils._client.merged_auth import (
    resolve_client_config,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._client.pod_exec import (
    Output,
    run_in_pods,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._client.tls import (
    tls_context,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._core.errors import (
    AuthError,
    MemberError,
    UnreachableError,
)
from ansible_collections.kubedirector.connections.plugins.module_utils._kubedirector.resources import (
    CONFIGMAP,
)
from ansible_collections.kubedirector.connections.plugins.modules import kd_configmeta_info
from tests.harness.certificates import Authority, Identity
from tests.unit.plugins.api_server import (
    Answer,
    ScriptedServer,
    free_port,
    scripted_server,
    status_answer,
)
from tests.unit.plugins.clients import CORE, KDCLUSTERS, TOKEN, api_for
from tests.unit.plugins.kubeconfigs import kubeconfig
from tests.unit.plugins.module_runs import NOTEBOOK, Run
from tests.unit.plugins.proxy_server import connect_proxy
from tests.unit.plugins.websocket_frames import CLOSE, SUCCESS, stdout

PATH = f"{CORE}/configmaps/one"
EXEC = f"{CORE}/pods/pod-0/exec"
FOUND = {"metadata": {"name": "one"}}


@dataclasses.dataclass(frozen=True)
class Trust:
    """Certificate authorities and their certificates."""

    ours: Authority
    other: Authority
    server: Identity
    elsewhere: Identity
    client: Identity


@pytest.fixture(scope="module")
def trust(tmp_path_factory: pytest.TempPathFactory) -> Trust:
    """Two CAs, and certificates of one of them."""
    folder = tmp_path_factory.mktemp("tls")
    ours = Authority(folder, "ours")
    return Trust(
        ours=ours,
        other=Authority(folder, "other"),
        server=ours.identity("server"),
        elsewhere=ours.identity("elsewhere", "127.0.0.9"),
        client=ours.identity("client"),
    )


def read(server: ScriptedServer, **options: Any) -> Any:
    """Read one ConfigMap."""
    return api_for(server.url, **options).get(CONFIGMAP, "team-a", "one")


def execute(server: ScriptedServer, **options: Any) -> Output | MemberError:
    """Run one command."""
    api = api_for(server.url, **options)
    return run_in_pods(api, "team-a", "app", [("pod-0", ["cat", "/f"])], max_bytes=100)[0]


def test_a_known_ca_is_trusted(trust: Trust) -> None:
    with scripted_server(trust.server.server_context()) as server:
        server.on("GET", PATH, Answer(body=FOUND))
        server.on("GET", EXEC, Answer(frames=(stdout(b"hello"), SUCCESS, CLOSE)))
        ca_cert = str(trust.ours.certificate)
        assert read(server, ca_cert=ca_cert) == FOUND
        assert execute(server, ca_cert=ca_cert) == Output(0, b"hello", b"")
        assert server.requests[1].header("Authorization") == [f"Bearer {TOKEN}"]


def test_the_commands_of_a_task_share_what_they_trust(
    trust: Trust, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading the CAs of a machine for each member takes time."""
    made: list[object] = []

    def counted(*given: Any) -> Any:
        made.append(given)
        return tls_context(*given)

    monkeypatch.setattr(transport, "tls_context", counted)
    with scripted_server(trust.server.server_context()) as server:
        api = api_for(server.url, ca_cert=str(trust.ours.certificate))
        pods = [f"pod-{number}" for number in range(9)]
        for pod in pods:
            answer = Answer(frames=(stdout(b"hello"), SUCCESS, CLOSE))
            server.on("GET", f"{CORE}/pods/{pod}/exec", answer)
        commands = [(pod, ["cat", "/f"]) for pod in pods]
        found = run_in_pods(api, "team-a", "app", commands, max_bytes=100)
    assert found == [Output(0, b"hello", b"")] * len(pods)
    assert len(made) == 1


def trusted_both_ways(
    identity: Identity, ca_cert: Path, *, scheme: str = "https", **options: Any
) -> None:
    """A request and a command in a member both trust this identity."""
    with scripted_server(identity.server_context()) as server:
        server.url = server.url.replace("https", scheme)
        server.on("GET", PATH, Answer(body=FOUND))
        server.on("GET", EXEC, Answer(frames=(stdout(b"hello"), SUCCESS, CLOSE)))
        assert read(server, ca_cert=str(ca_cert), **options) == FOUND
        assert execute(server, ca_cert=str(ca_cert), **options) == Output(0, b"hello", b"")


def remove_key_identifiers(file: Path, ca: trustme.CA) -> None:
    """Sign a certificate again without the extensions that name its key and its issuer's."""
    found = x509.load_pem_x509_certificate(file.read_bytes())
    builder = x509.CertificateBuilder(
        found.issuer, found.subject, found.public_key(), found.serial_number,
        found.not_valid_before_utc, found.not_valid_after_utc,
        [
            extension
            for extension in found.extensions
            if not isinstance(
                extension.value, (x509.SubjectKeyIdentifier, x509.AuthorityKeyIdentifier)
            )
        ],
    )  # fmt: skip
    key = serialization.load_pem_private_key(ca.private_key_pem.bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    signed = builder.sign(key, hashes.SHA256())
    file.write_bytes(signed.public_bytes(serialization.Encoding.PEM))


def test_a_ca_without_key_identifiers_is_trusted_as_kubectl_does(tmp_path: Path) -> None:
    """Many clusters have one; from Python 3.13 on a strict context refuses it."""
    plain = Authority(tmp_path, "plain")
    server = plain.identity("server")
    for file in (plain.certificate, server.certificate):
        remove_key_identifiers(file, plain.ca)
    trusted_both_ways(server, plain.certificate)


def test_a_certificate_that_is_not_a_root_can_be_trusted_as_in_kubectl(trust: Trust) -> None:
    trusted_both_ways(trust.server, trust.server.certificate)


def test_a_scheme_may_be_in_capitals(trust: Trust) -> None:
    trusted_both_ways(trust.server, trust.ours.certificate, scheme="HTTPS")


def test_a_certificate_with_its_name_in_the_subject_alone_is_not_trusted(trust: Trust) -> None:
    ca_cert = str(trust.ours.certificate)
    with scripted_server(trust.ours.identity("localhost", None).server_context()) as server:
        server.url = server.url.replace("127.0.0.1", "localhost")
        with pytest.raises(UnreachableError, match="certificate"):
            read(server, ca_cert=ca_cert)
        assert isinstance(execute(server, ca_cert=ca_cert), MemberError)
        assert server.requests == []


def test_verification_that_is_off_does_not_matter_without_tls() -> None:
    with scripted_server() as server:
        server.on("GET", PATH, Answer(body=FOUND))
        assert read(server, validate_certs=False) == FOUND


def test_requests_and_commands_use_the_same_proxy(trust: Trust) -> None:
    with connect_proxy() as proxy:
        url = f"http://me:p%40ss@127.0.0.1:{proxy.port}"
        trusted_both_ways(trust.server, trust.ours.certificate, proxy=url)
    credentials = "Basic " + base64.b64encode(b"me:p@ss").decode()
    assert [authorization for _address, authorization in proxy.asked] == [credentials] * 2


@pytest.mark.parametrize("of_cluster", [True, False])
def test_an_https_proxy_is_verified_and_used_for_both(trust: Trust, of_cluster: bool) -> None:
    identity = trust.server if of_cluster else trust.elsewhere
    with connect_proxy(identity.server_context()) as proxy:
        url = f"https://me:p%40ss@127.0.0.1:{proxy.port}"
        if of_cluster:
            trusted_both_ways(trust.server, trust.ours.certificate, proxy=url)
        else:
            refused_both_ways(trust.server, trust.ours.certificate, proxy=url)
    credentials = "Basic " + base64.b64encode(b"me:p@ss").decode()
    asked = [authorization for _address, authorization in proxy.asked]
    assert asked == ([credentials] * 2 if of_cluster else [])


def refused_both_ways(identity: Identity, ca_cert: Path, **options: Any) -> None:
    """Neither a request nor a command in a member gets to the API server."""
    with scripted_server(identity.server_context()) as server:
        with pytest.raises(UnreachableError):
            read(server, ca_cert=str(ca_cert), **options)
        assert isinstance(execute(server, ca_cert=str(ca_cert), **options), MemberError)
        assert server.requests == []


@pytest.mark.parametrize(
    "source", ["option proxy", "K8S_AUTH_PROXY", "the kubeconfig (proxy-url)", "HTTPS_PROXY"]
)
def test_a_proxy_that_cannot_be_reached_is_named_with_its_source(source: str) -> None:
    address = f"127.0.0.1:{free_port()}"
    url = f"http://me:p%40ss@{address}"
    given = kubeconfig()
    if "kubeconfig" in source:
        given["clusters"][0]["cluster"]["proxy-url"] = url
    params = {"proxy": url} if source == "option proxy" else {}
    access = resolve_client_config({"kubeconfig": given, **params}, {source: url})
    with pytest.raises(UnreachableError) as refused:
        Api(access).get(CONFIGMAP, "team-a", "one")
    assert f"the proxy http://{address} (set by {source})." in str(refused.value)
    assert "p%40ss" not in str(refused.value) and "p@ss" not in str(refused.value)


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
def test_a_socks_proxy_is_used_for_both_and_resolves_names(trust: Trust, scheme: str) -> None:
    with connect_proxy(socks=True) as proxy:
        url = f"{scheme}://me:p%40ss@127.0.0.1:{proxy.port}"
        with scripted_server(trust.server.server_context()) as server:
            server.url = server.url.replace("127.0.0.1", "localhost")
            server.on("GET", PATH, Answer(body=FOUND))
            server.on("GET", EXEC, Answer(frames=(stdout(b"hello"), SUCCESS, CLOSE)))
            # The certificate is for the address.
            options = {"validate_certs": False, "proxy": url}
            assert read(server, **options) == FOUND
            assert execute(server, **options) == Output(0, b"hello", b"")
        there = server.url.removeprefix("https://")
    assert proxy.asked == [(there, "me:p@ss")] * 2


def test_no_proxy_holds_for_commands_too(trust: Trust, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{free_port()}")
    trusted_both_ways(trust.server, trust.ours.certificate, no_proxy="127.0.0.1")


def test_an_encrypted_key_is_reported_without_a_prompt_for_its_password(
    trust: Trust, tmp_path: Path
) -> None:
    key = serialization.load_pem_private_key(trust.client.key.read_bytes(), None)
    locked = tmp_path / "locked.key"
    locked.touch(mode=0o600)
    locked.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"a password"),
        )
    )
    with scripted_server(trust.server.server_context()) as server:
        with pytest.raises(AuthError, match="without a password"):
            read(
                server, api_key=None, ca_cert=str(trust.ours.certificate),
                client_cert=str(trust.client.certificate), client_key=str(locked),
            )  # fmt: skip
        assert server.requests == []


@pytest.mark.parametrize("known", ["other", None])
def test_an_unknown_ca_is_not_trusted(trust: Trust, known: str | None) -> None:
    ca_cert = str(trust.other.certificate) if known else None
    with scripted_server(trust.server.server_context()) as server:
        with pytest.raises(UnreachableError) as caught:
            read(server, ca_cert=ca_cert)
        for words in (server.url, "certificate", "ca_cert"):
            assert words in str(caught.value)
        assert TOKEN not in str(caught.value)
        error = execute(server, ca_cert=ca_cert)
        assert isinstance(error, MemberError)
        assert TOKEN not in str(error)
        assert server.requests == []


def test_a_certificate_for_another_address_is_not_trusted(trust: Trust) -> None:
    ca_cert = str(trust.ours.certificate)
    with scripted_server(trust.elsewhere.server_context()) as server:
        with pytest.raises(UnreachableError, match="certificate"):
            read(server, ca_cert=ca_cert)
        assert isinstance(execute(server, ca_cert=ca_cert), MemberError)
        assert server.requests == []


def test_without_verification_anything_is_trusted(trust: Trust) -> None:
    with scripted_server(trust.elsewhere.server_context()) as server:
        server.on("GET", PATH, Answer(body=FOUND))
        server.on("GET", EXEC, Answer(frames=(stdout(b"x"), SUCCESS, CLOSE)))
        api = api_for(server.url, validate_certs=False)
        assert api.transport.configuration.verify_ssl is False
        assert api.get(CONFIGMAP, "team-a", "one") == FOUND
        assert execute(server, validate_certs=False) == Output(0, b"x", b"")


def test_a_client_certificate_is_sent(trust: Trust) -> None:
    options: dict[str, Any] = {"ca_cert": str(trust.ours.certificate), "api_key": None}
    shown = {
        "client_cert": str(trust.client.certificate),
        "client_key": str(trust.client.key),
    }
    with scripted_server(trust.server.server_context(trust.ours.certificate)) as server:
        server.on("GET", PATH, Answer(body=FOUND))
        server.on("GET", EXEC, Answer(frames=(stdout(b"x"), SUCCESS, CLOSE)))
        assert read(server, **options, **shown) == FOUND
        assert execute(server, **options, **shown) == Output(0, b"x", b"")
        with pytest.raises(UnreachableError):
            read(server, **options)


def test_a_module_accepts_the_aliases_of_the_files(trust: Trust, plain_run: Run) -> None:
    ours = str(trust.ours.certificate)
    shown = {"cert_file": str(trust.client.certificate), "key_file": str(trust.client.key)}
    with scripted_server(trust.server.server_context(trust.ours.certificate)) as server:
        # 403 is enough to show that the request reached the server.
        server.on("GET", KDCLUSTERS, status_answer(403, "Forbidden", "known by its certificate"))
        options = {**NOTEBOOK, "host": server.url, "api_key": None}
        message = plain_run(kd_configmeta_info, **options, ssl_ca_cert=ours, **shown)["msg"]
        assert "known by its certificate" in message
        for lacking in (shown, {"ssl_ca_cert": ours}):
            assert server.url in plain_run(kd_configmeta_info, **options, **lacking)["msg"]
        assert len(server.requests) == 1
        server.on("GET", KDCLUSTERS, status_answer(403, "Forbidden", "not verified"))
        message = plain_run(kd_configmeta_info, **options, verify_ssl=False, **shown)["msg"]
        assert "not verified" in message


def test_a_server_without_tls_is_reported(trust: Trust) -> None:
    with scripted_server() as server:
        url = server.url.replace("http://", "https://")
        with pytest.raises(UnreachableError):
            api_for(url).get(CONFIGMAP, "team-a", "one")
        assert server.requests == []


def test_a_ca_file_without_a_certificate_is_reported(trust: Trust, tmp_path: Path) -> None:
    broken = tmp_path / "ca.crt"
    broken.write_text("no certificate\n", encoding="utf-8")
    with scripted_server(trust.server.server_context()) as server:
        with pytest.raises((UnreachableError, AuthError)) as caught:
            read(server, ca_cert=str(broken))
        assert "certificate" in str(caught.value)
