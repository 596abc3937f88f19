#!/usr/bin/env python3
"""Start the engine: the front door to every command of docs/commands.md."""

from engine.cli import main

if __name__ == "__main__":
    main()
