"""What a template, and each choice within it, sets of an environment."""

from typing import Annotated, TypeAlias

from msgspec import Raw, Struct

from .lengths import (
    COMMAND_LENGTH,
    IMAGE_LENGTH,
    MAX_ENTRIES,
    OVERRIDES_BYTES,
    PLACE_LENGTH,
    VALUE_LENGTH,
    VARIABLE_LENGTH,
)
from .member_schema import NO_CONTROL, NOT_NEGATIVE, VARIABLES, Member
from .options import HUBS_OWN_IMAGE as HUBS_OWN_IMAGE

SPAWNER = "[a-z][a-z0-9]{0,62}"  # a kind of spawner

ImageName: TypeAlias = Annotated[
    str,
    Member(
        f"The container image to run. `{HUBS_OWN_IMAGE}` leaves it to the hub.",
        f"required in a template; at most {IMAGE_LENGTH} characters; no control characters",
        "quay.io/jupyter/scipy-notebook:2026-01-05",
        schema={"minLength": 1, "maxLength": IMAGE_LENGTH, **NO_CONTROL},
    ),
]
Command: TypeAlias = Annotated[
    str,
    Member(
        "The command to run in the container; empty leaves the image's own.",
        f"at most {COMMAND_LENGTH} characters",
        "start-notebook.py",
        schema={"maxLength": COMMAND_LENGTH},
    ),
]
RedirectUri: TypeAlias = Annotated[
    str,
    Member(
        "Where the user lands, below the server's own URL.",
        f"at most {PLACE_LENGTH} characters",
        "/lab",
        schema={"maxLength": PLACE_LENGTH},
    ),
]
BindPort: TypeAlias = Annotated[
    int,
    Member(
        "Port within the container; 0 leaves the launcher's.",
        "0 to 65535",
        8888,
        "port",
        {"minimum": 0, "maximum": 65535},
    ),
]
Environment: TypeAlias = Annotated[
    dict[str, str],
    Member(
        "Environment variables of the container. **Never secrets**: everyone who can read the registry sees them, "
        "and its history keeps them.",
        f"at most {MAX_ENTRIES}; names of letters, digits and `_`, not beginning with a digit, of at most "
        f"{VARIABLE_LENGTH}; values of at most {VALUE_LENGTH} characters, without NUL",
        {"JUPYTER_ENABLE_LAB": "yes"},
        schema=VARIABLES,
    ),
]
Overrides: TypeAlias = Annotated[
    dict[str, Raw],
    Member(
        "Settings by kind of spawner, as they are: what no other member says. Within one layer the members win; `null` "
        "is kept, and lifts what the hub set. A hub takes the keys that its admin allows.",
        f"at most {OVERRIDES_BYTES} bytes of JSON; objects by kind, such as `kubespawner`; a patch replaces them whole",
        {"kubespawner": {"node_selector": {"pool": "large"}, "mem_limit": None}},
        schema={"propertyNames": {"pattern": f"^{SPAWNER}$"}, "additionalProperties": {"type": "object"}},
        must_understand=True,
        format=2,
    ),
]


class ContainerLimits(Struct, frozen=True, omit_defaults=True):
    """0 sets no limit."""

    memory: Annotated[
        int,
        Member("Memory of the container; 0 sets no limit.", "0 to 2^63 − 1", 2147483648, "bytes", NOT_NEGATIVE),
    ] = 0
    cpu_shares: Annotated[
        int,
        Member(
            "Relative weight under contention, as `docker run --cpu-shares`; 0 leaves Docker's 1024.",
            "0 to 2^63 − 1",
            512,
            "CPU shares",
            NOT_NEGATIVE,
        ),
    ] = 0
    cpus: Annotated[
        int | float,
        Member("A true cap, which may be fractional; 0 sets no limit.", "0 to 2^63 − 1", 1.5, "CPUs", NOT_NEGATIVE),
    ] = 0
    gpus: Annotated[int, Member("Whole devices; 0 asks for none.", "0 to 2^63 − 1", 1, "GPUs", NOT_NEGATIVE)] = 0


class Requests(Struct, frozen=True, omit_defaults=True):
    """What is set aside; 0 asks for nothing. `limits` cap."""

    memory: Annotated[
        int,
        Member("Memory that is set aside; 0 asks for none.", "0 to 2^63 − 1", 1073741824, "bytes", NOT_NEGATIVE),
    ] = 0
    cpus: Annotated[
        int | float, Member("CPUs that are set aside; 0 asks for none.", "0 to 2^63 − 1", 0.5, "CPUs", NOT_NEGATIVE)
    ] = 0


Limits: TypeAlias = Annotated[
    ContainerLimits, Member("Limits of the container. Each counts by itself; what is left out is not limited.")
]
Reservations: TypeAlias = Annotated[
    Requests,
    Member("What is set aside for the container, where `limits` cap it.", must_understand=True, format=2),
]


class Settings(Struct, frozen=True, omit_defaults=True, rename="kebab"):
    """What one choice sets. What is left at zero stays as the template, or an option before, has it."""

    image_name: ImageName = ""
    command: Command = ""
    limits: Limits = ContainerLimits()
    requests: Reservations = Requests()
    environment: Environment = {}
    redirect_uri: RedirectUri = ""
    bind_port: BindPort = 0
    overrides: Overrides = {}
