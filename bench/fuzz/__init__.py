"""Feed any bytes to the places where bytes of strangers are read first."""
