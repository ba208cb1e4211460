"""Start the server of `tally serve`."""

import os
import socket
from pathlib import Path

from engine import settings
from engine.errors import InputError, TallyError

_ROOT = Path(__file__).resolve().parents[1]


def serve() -> int:
    """Serve the pages and the API until stopped.

    Raises TallyError if the address cannot be had or this is not a checkout.
    """
    if not (_ROOT / "pages").is_dir():
        raise TallyError("the pages are not here", "install Tally from a checkout: pip install --editable .")
    host, port = settings.host(), settings.port()
    _check_address(host, port)
    # Streamlit reads .streamlit/config.toml from the working folder; a relative TALLY_HOME must survive the change.
    if "TALLY_HOME" in os.environ:
        os.environ["TALLY_HOME"] = str(settings.home().absolute())
    os.chdir(_ROOT)
    from dashboard.asgi import app

    name = "localhost" if host in ("0.0.0.0", "::") else host
    print(f"Tally is at http://{name}:{port} (Ctrl+C stops it)", flush=True)
    app.run(config={"server.address": host, "server.port": port})
    return 0


def _check_address(host: str, port: int) -> None:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except (OSError, UnicodeError) as error:  # a host's name that cannot be one raises the latter
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(
            f"cannot serve on {host}:{port} ({reason})", "stop what uses it, or set TALLY_HOST and TALLY_PORT"
        ) from error
