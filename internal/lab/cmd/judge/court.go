package main

import "culprit/internal/lab"

// court is the product's own judge, nil until it sits.
func court() *lab.Rule { return nil }
