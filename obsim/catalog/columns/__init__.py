"""What the views look like: their columns as data, one module a family."""
