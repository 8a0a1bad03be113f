package heapredact

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// ErrThere means that the file is there already.
var ErrThere = errors.New("the file is there already")

// Create writes a file that nobody else may read, compressed as its name says (.gz,
// .zst). It has its name once write has succeeded; nothing is left otherwise.
func Create(path string, overwrite bool, write func(io.Writer) error) error {
	if _, err := os.Lstat(path); !overwrite && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: %w", path, ErrThere)
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return fmt.Errorf("making %s: %w", path, err)
	}
	err = errors.Join(compressed(f, path, write), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

func compressed(f io.Writer, path string, write func(io.Writer) error) error {
	var w io.WriteCloser
	switch {
	case strings.HasSuffix(path, ".gz"):
		w = gzip.NewWriter(f)
	case strings.HasSuffix(path, ".zst"):
		z, err := zstd.NewWriter(f)
		if err != nil {
			return err
		}
		w = z
	default:
		return write(f)
	}
	err := write(w)
	return errors.Join(err, w.Close())
}
