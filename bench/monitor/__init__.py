"""What the proof of the monitor is made of: what stands in the store beside the messages, its pages and their addresses."""
