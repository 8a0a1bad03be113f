package store

import "encoding/binary"

// rowSize is the size of a row on disk: 5 words of 8 bytes, 6 of 4 and 3 of 2,
// little endian, in the order written below.
const rowSize = 4*8 + 6*4 + 4*2

func encode(dst []byte, rows []Row) []byte {
	le := binary.LittleEndian
	for i := range rows {
		r := &rows[i]
		dst = le.AppendUint64(dst, uint64(r.Start))
		dst = le.AppendUint64(dst, uint64(r.End))
		dst = le.AppendUint64(dst, uint64(r.Offset))
		dst = le.AppendUint64(dst, r.ID)
		dst = le.AppendUint32(dst, uint32(r.Unit))
		dst = le.AppendUint32(dst, r.Label)
		dst = le.AppendUint32(dst, r.User)
		dst = le.AppendUint32(dst, r.Client)
		dst = le.AppendUint32(dst, r.Proc)
		dst = le.AppendUint32(dst, r.Hash)
		dst = le.AppendUint16(dst, r.Status)
		dst = le.AppendUint16(dst, r.Flags)
		dst = le.AppendUint16(dst, r.Source)
		dst = le.AppendUint16(dst, 0)
	}
	return dst
}

func decode(rows []Row, b []byte) {
	le := binary.LittleEndian
	for i := range rows {
		r := &rows[i]
		p := b[i*rowSize : (i+1)*rowSize : (i+1)*rowSize]
		r.Start = int64(le.Uint64(p[0:]))
		r.End = int64(le.Uint64(p[8:]))
		r.Offset = int64(le.Uint64(p[16:]))
		r.ID = le.Uint64(p[24:])
		r.Unit = int32(le.Uint32(p[32:]))
		r.Label = le.Uint32(p[36:])
		r.User = le.Uint32(p[40:])
		r.Client = le.Uint32(p[44:])
		r.Proc = le.Uint32(p[48:])
		r.Hash = le.Uint32(p[52:])
		r.Status = le.Uint16(p[56:])
		r.Flags = le.Uint16(p[58:])
		r.Source = le.Uint16(p[60:])
	}
}
