"""The tree of errors. Library errors are translated into these with ``raise … from exc``.

Does not know: how an error is shown. The page and the HTTP door turn them into words and status codes.
"""

from __future__ import annotations


class MnemeError(Exception):
    """Anything this program refuses or could not do. ``str(error)`` is one sentence that says what to do."""


class BadInput(MnemeError):
    """What a person or program passed in cannot be used; nothing was changed."""


class NotFound(BadInput):
    """No such memory, conversation, message or document for this owner."""


class DocumentError(BadInput):
    """A file cannot be read: unknown type, encrypted, damaged or without text."""


class Cancelled(MnemeError):
    """The person stopped a long task; it left nothing behind."""


class ModelError(MnemeError):
    """A model cannot be fetched, read or run."""


class AdapterError(ModelError):
    """A decoder's adapter is damaged, something else, or made for another model."""


class ModelUnavailable(ModelError):
    """The model is neither in the cache nor to be fetched from here."""


class EndpointError(ModelError):
    """A remote decoder (OpenAI-compatible endpoint) refused or did not answer."""


class StoreError(MnemeError):
    """The external memory cannot be opened, read or written."""


class EncoderMismatch(StoreError):
    """The store's vectors were made by another encoder and have to be rebuilt from text."""


class NotReady(MnemeError):
    """The models are still being fetched or loaded."""
