"""Formatted text: HTML and Markdown to entities, as Telegram reads them."""
