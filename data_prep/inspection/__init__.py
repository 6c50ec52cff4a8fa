"""Looking at every image of a data set once."""
