"""Kassa: taking money inside Telegram."""

__version__ = "0.1.0"
