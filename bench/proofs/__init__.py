"""Long proofs: each takes its size as an argument, ends within an hour, and has a short twin in the tests."""
