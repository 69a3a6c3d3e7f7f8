"""Every error the product raises on purpose, in one tree.

KmsError
├── ConfigError      a setting, an option or the installation is wrong
├── SourceError      something about a publisher's data
│   ├── FetchError       cannot read or reach it now; trying again may help
│   └── ContractError    it came, and is not what was agreed; a person must look
├── DataError        our own data cannot answer
│   └── NoDataError      there is none
├── HeldError        waiting for a steward's release
└── AccessError      not allowed
    └── ThrottledError   not now: too many attempts, or too many at once

A message has four parts: what, where, the value seen, what to do. It holds no personal data.
"""

from __future__ import annotations

DONE, FAILED, USAGE, REFUSED, UNREACHABLE, HELD = range(6)


class KmsError(Exception):
    """Anything the product refuses or cannot do; `exit_code` is the command line's."""

    exit_code = FAILED


class ConfigError(KmsError):
    """A setting, an option or the installation is wrong."""

    exit_code = USAGE


class SourceError(KmsError):
    """Something about a publisher's data."""

    exit_code = REFUSED


class FetchError(SourceError):
    """Cannot be read or reached now; trying again may help."""

    exit_code = UNREACHABLE


class ContractError(SourceError):
    """Not what the publisher agreed to send; a person must look.

    `code` is one of `kms.domain.fault_codes`, grade FILE.
    """

    def __init__(self, message: str, code: str = "refused") -> None:
        super().__init__(message)
        self.code = code


class DataError(KmsError):
    """Our own data, or a file given for a calculation, cannot answer."""

    exit_code = REFUSED


class NoDataError(DataError):
    """There is none."""


class HeldError(KmsError):
    """Waiting for a steward's release."""

    exit_code = HELD


class AccessError(KmsError):
    """Not allowed, or not possible for an account; `code` lets a page say it in its language."""

    exit_code = REFUSED

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class ThrottledError(AccessError):
    """Too many attempts, or too many at once; `seconds` tells when to try again."""

    def __init__(self, message: str, seconds: int) -> None:
        super().__init__(message, "throttled")
        self.seconds = seconds
