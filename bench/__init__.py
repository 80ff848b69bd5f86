"""Measures. Each bench prints figures beside a reference that ran in the same call."""
