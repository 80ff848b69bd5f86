"""The API, and the Mini App's page."""
