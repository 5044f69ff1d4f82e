"""Facts for the outside, written in the transaction of the change they tell of."""
