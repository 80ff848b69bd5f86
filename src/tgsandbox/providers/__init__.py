"""Payment providers in a box: each with its own books, against which a shop's are checked."""
