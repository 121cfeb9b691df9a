"""Tools for tests with obsim: observations, invariants, a naive model, a state machine and mutants that prove them."""
