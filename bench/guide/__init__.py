"""What the measurement of the guide is made of: an invented province, the searches of its people, the sum of their times."""
