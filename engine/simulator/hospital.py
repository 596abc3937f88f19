"""Run the simulated hospital as a command of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from engine.simulator.receiver import open_receiver


def serve_hospital(code: str, port: int, wsdl: Path, say: Callable[[str], None]) -> None:
    """Take deliveries until interrupted, and say each."""
    server = open_receiver(port, wsdl, say)
    say(
        f"simulated hospital {code}: http://127.0.0.1:{server.server_address[1]}/DocumentReceiver (WSDL at ?wsdl), stop with Ctrl-C"
    )
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        say("stopped")
    finally:
        server.server_close()
