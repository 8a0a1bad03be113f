package input

import (
	"bufio"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// maxWindow bounds what one zstd stream may ask for: 128 MiB is what
// "zstd --ultra -22" and "--long=27" need.
const maxWindow = 128 << 20

// decoder yields decompressed bytes.
type decoder interface {
	io.Reader
	Close()
}

type plainDecoder struct{ io.Reader }

func (plainDecoder) Close() {}

func newDecoder(kind string, raw *bufio.Reader) (decoder, error) {
	switch kind {
	case "gzip":
		z, err := gzip.NewReader(raw)
		if err != nil {
			return nil, err
		}
		z.Multistream(false)
		return &gzipDecoder{z: z, raw: raw}, nil
	case "zstd":
		// One goroutine decodes with the least CPU; files run in parallel anyway.
		z, err := zstd.NewReader(raw, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, err
		}
		return z, nil
	case "bzip2":
		return plainDecoder{bzip2.NewReader(raw)}, nil
	case "xz":
		if err := checkXZ(raw); err != nil {
			return nil, err
		}
		z, err := xz.NewReader(raw)
		if err != nil {
			return nil, err
		}
		return plainDecoder{z}, nil
	}
	return plainDecoder{raw}, nil
}

// gzipDecoder reads members one by one, so that zero padding and garbage
// behind the last member do not spoil it.
type gzipDecoder struct {
	z   *gzip.Reader
	raw *bufio.Reader
	end error
}

func (g *gzipDecoder) Close() { _ = g.z.Close() }

func (g *gzipDecoder) Read(p []byte) (int, error) {
	if g.end != nil {
		return 0, g.end
	}
	for {
		n, err := g.z.Read(p)
		if err == nil {
			return n, nil
		}
		if !errors.Is(err, io.EOF) {
			g.end = err
			return n, err
		}
		g.end = g.next()
		if n > 0 || g.end != nil {
			return n, g.end
		}
	}
}

// next opens the following member, or tells why there is none.
func (g *gzipDecoder) next() error {
	for {
		b, err := g.raw.ReadByte()
		if err != nil {
			return err // io.EOF: the good end
		}
		if b == 0 {
			continue // padding of tapes and block devices, as gzip(1) skips it
		}
		if err := g.raw.UnreadByte(); err != nil {
			return err
		}
		break
	}
	magic, err := g.raw.Peek(3)
	if len(magic) < 3 && errors.Is(err, io.EOF) || sniff(magic) != "gzip" {
		return fmt.Errorf("%w: garbage behind the gzip data", ErrCorrupt)
	}
	if err := g.z.Reset(g.raw); err != nil {
		return err
	}
	g.z.Multistream(false)
	return nil
}

// maxXZDict is what "xz -9" needs; a file may claim 4 GiB.
const maxXZDict = 128 << 20

// checkXZ refuses a first block whose dictionary would not fit, before it is
// allocated. Layout: tukaani.org/xz/xz-file-format.txt sections 3.1 and 5.3.1.
func checkXZ(raw *bufio.Reader) error {
	head, err := raw.Peek(64)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if len(head) < 18 || head[12] == 0 {
		return nil // no block: the library finds out
	}
	at := 14
	for range int(head[13]>>6&1) + int(head[13]>>7&1) { // optional sizes, 7 bits a byte
		for at < len(head) && head[at]&0x80 != 0 {
			at++
		}
		at++
	}
	for range head[13]&3 + 1 {
		if at+2 >= len(head) {
			return nil
		}
		id, size := head[at], int(head[at+1])
		if bits := head[at+2]; id == 0x21 && size == 1 {
			if dict := (uint64(2) | uint64(bits&1)) << (bits/2 + 11); bits >= 40 || dict > maxXZDict {
				return errors.New("xz dictionary larger than 128 MiB; decompress it with xz -d first")
			}
		}
		at += 2 + size
	}
	return nil
}

// decodeError sorts what went wrong: the disk or the context (source, told as
// it is), data that ends early, and damage, which is everything else.
func decodeError(err, source error, compressed bool) error {
	switch {
	case source != nil:
		return source
	case !compressed, errors.Is(err, ErrCorrupt), errors.Is(err, ErrTruncated):
		return err
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return fmt.Errorf("%w: is the file still being written or copied?", ErrTruncated)
	}
	return fmt.Errorf("%w: %w", ErrCorrupt, err)
}
