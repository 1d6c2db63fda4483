"""The registry over HTTP."""

from .app import App as App
from .app import new_default_router as new_default_router
from .limits import Limits as Limits
from .limits import limits_of as limits_of
from .live.hub_rules import Chosen as Chosen
from .live.hub_rules import HubRules as HubRules
from .renewed import RENEWED as RENEWED
from .renewed import renewed_options as renewed_options
from .server_options import Options as Options
