"""What Telegram itself does, as a bot sees it."""
