"""The chat page: Telegram in a browser, for the people of the sandbox."""
