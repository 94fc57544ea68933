"""All SQL of breaks: `running` what a run does to them, `books` how they are kept, `lists`."""

from services.reconciliation.breaks.store.running import put_breaks

__all__ = ["put_breaks"]
