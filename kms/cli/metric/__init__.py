"""`kms metric`: the estimators on any plain CSV file, without a store."""

from kms.cli.metric import reproduction, signals, smoothing, trend
from kms.cli.metric.app import metric_app

__all__ = ["metric_app", "reproduction", "signals", "smoothing", "trend"]
