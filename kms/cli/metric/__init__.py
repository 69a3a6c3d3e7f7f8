"""`kms metric`: the estimators on any plain CSV file, without a store."""

from kms.cli.metric import (
    contacts,
    delays,
    forecasts,
    health_care,
    reproduction,
    signals,
    smoothing,
    trend,
)
from kms.cli.metric.app import metric_app

__all__ = [
    "contacts",
    "delays",
    "forecasts",
    "health_care",
    "metric_app",
    "reproduction",
    "signals",
    "smoothing",
    "trend",
]
