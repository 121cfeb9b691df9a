"""Programs that do what a part of obsim does, to compare with: their results must be equal, their speed is measured."""
