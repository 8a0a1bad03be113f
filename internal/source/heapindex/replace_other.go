//go:build !linux

package heapindex

import "os"

func replace(path string, write func(*os.File) error) error { return replaceNamed(path, write) }
