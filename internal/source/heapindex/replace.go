package heapindex

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// replaceNamed writes a file under another name and gives it its own when it is
// whole.
func replaceNamed(path string, write func(*os.File) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return fmt.Errorf("making the index: %w", err)
	}
	err = errors.Join(write(f), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
