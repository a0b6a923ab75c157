"""Why the exchange does not start or does not go on.

ExchangeProcessError
├── SettingError          an argument that cannot be read
├── AddressInUseError     somebody else listens there
└── DefinitionError       the journal's configuration contradicts the settings
"""

from __future__ import annotations

__all__ = ["AddressInUseError", "DefinitionError", "ExchangeProcessError", "SettingError"]


class ExchangeProcessError(Exception):
    """Anything raised by this room."""


class SettingError(ExchangeProcessError, ValueError):
    """An argument that cannot be read. Messages never repeat what may be a secret."""


class AddressInUseError(ExchangeProcessError):
    """The address to listen on is taken, or is not this machine's."""


class DefinitionError(ExchangeProcessError):
    """The exchange refused a definition; it was defined differently when this data was first used."""
