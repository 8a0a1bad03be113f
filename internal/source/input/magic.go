package input

import "bytes"

// magicLen is the longest magic number looked for.
const magicLen = 6

// sniff names the compression that data begins with: RFC 1952 (gzip), RFC 8878
// (zstd, with skippable frames), bzip2 ("BZh1".."BZh9"), tukaani.org/xz file
// format 1.2.1.
func sniff(data []byte) string {
	switch {
	case len(data) >= 3 && data[0] == 0x1f && data[1] == 0x8b && data[2] == 8:
		return "gzip"
	case bytes.HasPrefix(data, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		return "zstd"
	case len(data) >= 4 && data[0]&0xf0 == 0x50 && bytes.Equal(data[1:4], []byte{0x2a, 0x4d, 0x18}):
		return "zstd"
	case len(data) >= 4 && bytes.HasPrefix(data, []byte("BZh")) && data[3] >= '1' && data[3] <= '9':
		return "bzip2"
	case bytes.HasPrefix(data, []byte{0xfd, '7', 'z', 'X', 'Z', 0}):
		return "xz"
	}
	return ""
}
