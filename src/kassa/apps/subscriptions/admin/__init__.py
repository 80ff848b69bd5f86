"""The operator's side of the bot."""
