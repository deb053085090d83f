# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""TLS settings that the connections of several threads share."""

from __future__ import annotations

import ssl
import typing as t


class SharedContext(ssl.SSLContext):
    """A TLS context that urllib3 does not change while another thread begins a connection with it.

    urllib3 sets the protocols to offer (ALPN) for each connection again. OpenSSL reads them at the same time without a
    lock, and may send a broken first message, which a server ends with "decode error" (measured: 2 of 3,159).
    """

    def set_alpn_protocols(self, alpn_protocols: t.Iterable[str]) -> None:
        """Offer none: that means HTTP/1.1, the only one that urllib3 offers."""
