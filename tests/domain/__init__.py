"""Tests of kms.domain."""
