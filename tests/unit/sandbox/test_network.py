# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The choice of a subnet."""

from __future__ import annotations

from ipaddress import IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sandbox.errors import SandboxError
from tests.sandbox.network import choose_subnet

NETWORKS = st.builds(
    lambda address, prefix: IPv4Network((address, prefix), strict=False),
    st.ip_addresses(v=4, network="10.213.0.0/16"),
    st.integers(min_value=16, max_value=32),
)


@given(name=st.text(min_size=1), used=st.lists(NETWORKS, max_size=20))
def test_the_subnet_overlaps_nothing(name: str, used: list[IPv4Network]) -> None:
    chosen = choose_subnet(name, used)
    assert chosen.prefixlen == 24
    assert not any(chosen.overlaps(network) for network in used)


def test_a_name_keeps_its_subnet() -> None:
    assert choose_subnet("default", []) == choose_subnet("default", [IPv4Network("10.0.0.0/30")])


def test_a_vpn_over_one_range_leaves_the_others() -> None:
    assert choose_subnet("default", [IPv4Network("10.0.0.0/8")]).subnet_of(
        IPv4Network("172.29.0.0/16")
    )


def test_a_missing_subnet_is_reported_in_one_sentence() -> None:
    with pytest.raises(SandboxError, match="no subnet left for the sandbox"):
        choose_subnet("default", [IPv4Network("0.0.0.0/0")])
