"""Alerts: rules as a file, one alert from the start of a trouble to its end, and who is told."""
