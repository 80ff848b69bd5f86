"""What an older bot knew: people, ends and payments, brought over."""
