"""Read YAML files safely and check them against models, every fault with its place and what to type instead."""

from engine.yamlfile.models import check_model, did_you_mean, load_yaml, merge_faults, nearest, try_entry, try_model
from engine.yamlfile.reading import At, YamlFile, parse_yaml, read_yaml, scan_yaml
from engine.yamlfile.units import Code, Duration, Sheet, Size, parse_duration, parse_size

__all__ = [
    "At",
    "Code",
    "Duration",
    "Sheet",
    "Size",
    "YamlFile",
    "check_model",
    "did_you_mean",
    "load_yaml",
    "merge_faults",
    "nearest",
    "parse_duration",
    "parse_size",
    "parse_yaml",
    "read_yaml",
    "scan_yaml",
    "try_entry",
    "try_model",
]
