"""What the proof of duplicates is made of: the clients that repeat, and the look at what their answers and the store say."""
