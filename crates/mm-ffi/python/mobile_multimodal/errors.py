"""One exception for every failure, with a stable code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from . import _native


class MobileMultiModalError(Exception):
    """Why a call failed. Match on `code`, never on the text, which is for people and may change."""

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(code, message, hint)
        self.code = code
        """Stable, `area.reason`, for example `image.corrupt`."""
        self.message = message
        """What happened."""
        self.hint = hint
        """What to do next; may be empty."""

    def __str__(self) -> str:
        """All three, for people."""
        return f"[{self.code}] {self.message}" + (f" ({self.hint})" if self.hint else "")


@contextmanager
def translated() -> Iterator[None]:
    """Turns what the bindings raise into `MobileMultiModalError`."""
    try:
        yield
    except _native.MobileMultiModalError.Failed as error:
        raise MobileMultiModalError(error.code, error.reason, error.hint) from None
    except UnicodeEncodeError as error:
        hint = "a file of such a name can be read by Python and passed as bytes"
        raise MobileMultiModalError("text.not_unicode", f"not Unicode: {error.object!a}", hint) from None
    except _native.InternalError as error:
        hint = "this is a defect of the library: please report it with the picture that caused it"
        raise MobileMultiModalError("internal", str(error), hint) from error
