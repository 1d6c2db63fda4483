"""How long the texts of templates and requests may be, and how many there may be of a thing: each bound, once.

What a client may cost the server is in `server/limits`; what the server keeps for itself, where it is kept.
"""

# A template's own. 2015 had no rule for most of these: what is many times over what engines take keeps its clients
# served. Lengths are in characters.
NAME_BYTES = 2048  # every name fits a URL and a PostgreSQL index entry
DISPLAY_NAME_LENGTH = 200
TEXT_LENGTH = 10_000  # of a description or a deprecation message
IMAGE_LENGTH = 4096  # a reference has at most 255 and a tag of 128, or a digest
COMMAND_LENGTH = 64 * 1024
PLACE_LENGTH = 4096  # of a redirect-uri; browsers and servers take some thousands
ADDRESS_LENGTH = 255  # of a host
VALUE_LENGTH = 32 * 1024  # of an environment variable; Linux takes 128 KiB with its name, in bytes
VARIABLE_LENGTH = 1024  # of its name
GROUP_LENGTH = 255  # as JupyterHub's database has them
ICON_BYTES = 16 * 1024
OVERRIDES_BYTES = 64 * 1024  # of JSON
PATTERN_LENGTH = 1000  # that a free text must match
MAX_ENTRIES = 256  # labels, environment variables or groups of one template
MAX_OPTIONS = 16
MAX_CHOICES = 256  # of an option
MAX_HOPS = 8  # along replaced-by
MOST_CHANNELS = 16  # of a template
LARGEST_INTEGER = 2**63 - 1

# Of requests.
NOTE_BYTES = 1024
GLOB_LENGTH = 256
BODY_VALUES = 25_000  # of JSON: 16 options of 256 choices each are some 20,000
APPLY_VALUES = 2_500_000  # of JSON, counted from above: of a template it is some ten, and five for each choice
MOST_REQUIREMENTS = 16  # of one question, however many selectors it has

# Of who sends them.
IDENTITY_LENGTH = 1000
TOKEN_LENGTH = 8192  # proxies take no longer header
ID_TOKEN_LENGTH = 16 * 1024  # of a CI system; GitLab's list up to 200 groups
TOKEN_NAME_LENGTH = 64
MOST_TOKENS = 10_000  # that live in one registry: each server holds them all
MOST_ENDED_TOKENS = 10_000  # that are kept with them
MOST_TOKEN_GLOBS = 64  # of one token
MOST_GENERATIONS = 8  # of tokens that tokens made
MOST_PUBLISHERS = 1000
MOST_PUBLISHER_CLAIMS = 32  # that one asks for
