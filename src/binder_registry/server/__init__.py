"""The registry over HTTP."""

from .app import App as App
from .app import new_default_router as new_default_router
from .service import Options as Options
