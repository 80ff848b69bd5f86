"""HTTP: the application, its errors, health and metrics."""

from kassa.web.app import create_app

__all__ = ["create_app"]
