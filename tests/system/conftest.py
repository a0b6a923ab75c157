"""Failed assertions of the audit show their values."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("system.audit")
