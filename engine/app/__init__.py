"""The roof: build each process of the engine once, in reading order."""
