"""What strangers send to the payment callbacks, made up by the million."""
