"""Telegram's Bot API in a box: a server for bots and their tests, with no network."""
