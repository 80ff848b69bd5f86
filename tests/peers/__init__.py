"""What others have written talks to our fakes: then they speak as the real ones do."""
