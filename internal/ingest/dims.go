package ingest

import (
	"hash/maphash"
	"strings"

	"culprit"
)

// maxDims bounds the dimensions kept of one call.
const maxDims = 12

// label numbers the combination of a call's endpoint and its dimensions: format,
// operation, and parameters whose values are few.
func (r *recorder) label(c *culprit.Call, ep uint32) uint32 {
	r.dims = r.dims[:0]
	r.dimHash = uint64(ep)*0x9e3779b97f4a7c15 + 1
	if len(c.Format) > 0 {
		r.dim(ep, "format", c.Format)
	}
	if len(c.Operation) > 0 {
		r.dim(ep, "operation", c.Operation)
	}
	if len(c.Queue) > 0 {
		r.dim(ep, "queue", c.Queue)
	}
	for i := range c.Params {
		if len(r.dims) >= maxDims {
			break
		}
		r.param(ep, c.Params[i].Key, c.Params[i].Value)
	}
	if id, ok := r.labels.get(r.dimHash); ok {
		return id
	}
	id := r.dict.label(ep, r.dims)
	r.labels.put(r.dimHash, id)
	if c.Kind != culprit.CallJob && c.Kind != culprit.CallTask && len(c.Operation) == 0 {
		r.rpcPlain[ep]++
	}
	return id
}

// dim adds a dimension that is always enumerated: formats, operations, queues.
func (r *recorder) dim(ep uint32, key string, value []byte) {
	sum := maphash.String(seed, key) ^ maphash.Bytes(seed, value)*3 + uint64(ep)*0x2545f4914f6cdd1d
	id, ok := r.values.get(sum)
	if !ok {
		v := string(value)
		if key == "format" {
			v = strings.ToLower(v)
		}
		if len(v) > 120 {
			v = v[:120]
		}
		if !r.dict.value(ep, key, v) {
			v = ""
		}
		id = r.remember(sum, v)
	}
	r.push(key, r.texts[id], sum)
}

func (r *recorder) param(ep uint32, key, value []byte) {
	sum := maphash.Bytes(seed, key) ^ maphash.Bytes(seed, value)*5 + uint64(ep)*0x2545f4914f6cdd1d
	id, ok := r.values.get(sum)
	if !ok {
		v := foldValue(key, value)
		if v != "" && !r.dict.value(ep, "param:"+string(key), v) {
			v = ""
		}
		id = r.remember(sum, v)
	}
	if id == 0 {
		return
	}
	v := r.texts[id]
	// Two raw values may fold to one: the label is named by the folded one.
	r.push("param:"+string(key), v, maphash.Bytes(seed, key)^maphash.String(seed, v)*7)
}

// remember numbers a folded value; texts are bounded with the cache that points
// to them.
func (r *recorder) remember(sum uint64, v string) uint32 {
	if v == "" {
		r.values.put(sum, 0)
		return 0
	}
	if len(r.texts) >= maxCache {
		r.values, r.texts = newFront(), []string{""}
	}
	r.texts = append(r.texts, v)
	id := uint32(len(r.texts) - 1)
	r.values.put(sum, id)
	return id
}

func (r *recorder) push(key, value string, sum uint64) {
	if value == "" {
		return
	}
	r.dims = append(r.dims, dim{key, value})
	r.dimHash = (r.dimHash ^ sum) * 0xff51afd7ed558ccd
}
