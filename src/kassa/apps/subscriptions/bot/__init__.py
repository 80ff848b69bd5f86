"""The bot that a customer talks with."""
