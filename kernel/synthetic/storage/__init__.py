"""How much room a store takes, what is done to keep it small, and what happens when there is none left."""
