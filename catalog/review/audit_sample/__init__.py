"""The audit sample: random tracks labeled blind, and the estimates made from them."""
