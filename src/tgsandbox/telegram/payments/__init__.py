"""What Telegram does when a bot takes money."""
