"""Bundles of items handled together (并联审批, 一件事): their order, their time, their materials once each."""
