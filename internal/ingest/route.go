package ingest

import "bytes"

// maxChildren is how many different words one place of a route may hold before
// the place is taken for a slug. Real route tables seldom have more siblings
// than this under one prefix, user content soon does.
const maxChildren = 60

// maxNodes bounds the memory of the route tree.
const maxNodes = 50_000

// routeTree folds paths into routes: "/users/17/posts/my-long-title" becomes
// "/users/:id/posts/:slug". Segments that look like identifiers are folded by
// their form alone, so that the same path folds the same way in every file;
// places with too many different words are folded when the tree is complete.
type routeTree struct {
	root  *routeNode
	nodes int
}

type routeNode struct {
	children  map[string]*routeNode
	collapsed bool
}

// routePath is a route as the tree remembers it: its segments, folded by form.
type routePath []string

func newRouteTree() *routeTree { return &routeTree{root: &routeNode{}} }

// add folds one path by form and remembers its words.
func (t *routeTree) add(path []byte) routePath {
	segs := splitPath(path)
	node := t.root
	for i, s := range segs {
		next := node.children[s]
		if next == nil {
			if !isFolded(s) && (node.collapsed || len(node.children) >= maxChildren || t.nodes >= maxNodes) {
				node.collapsed = true
				segs[i] = ":slug"
				s = ":slug"
				next = node.children[s]
			}
			if next == nil {
				if node.children == nil {
					node.children = map[string]*routeNode{}
				}
				next = &routeNode{}
				node.children[s] = next
				t.nodes++
			}
		}
		node = next
	}
	return segs
}

// name returns the route's final form, once all paths were added.
func (t *routeTree) name(p routePath) string {
	if len(p) == 0 {
		return "/"
	}
	var b []byte
	node := t.root
	for _, s := range p {
		b = append(b, '/')
		if node != nil && node.collapsed && !isFolded(s) {
			b = append(b, ":slug"...)
		} else {
			b = append(b, s...)
		}
		if node != nil {
			node = node.children[s]
		}
	}
	return string(b)
}

func isFolded(s string) bool { return len(s) > 0 && s[0] == ':' }

// splitPath cuts a path into segments and folds identifiers. A format
// extension on the last segment is dropped: it is a dimension of its own.
func splitPath(path []byte) routePath {
	if i := bytes.IndexAny(path, "?#;"); i >= 0 {
		path = path[:i]
	}
	segs := make(routePath, 0, 8)
	for len(path) > 0 && len(segs) < 16 {
		i := bytes.IndexByte(path, '/')
		seg := path
		if i >= 0 {
			seg, path = path[:i], path[i+1:]
		} else {
			path = nil
		}
		if len(seg) == 0 {
			continue
		}
		if len(path) == 0 {
			seg = dropExtension(seg)
		}
		segs = append(segs, foldSegment(seg))
	}
	return segs
}

func dropExtension(seg []byte) []byte {
	i := bytes.LastIndexByte(seg, '.')
	if i <= 0 || len(seg)-i > 6 || len(seg)-i < 3 {
		return seg
	}
	for _, c := range seg[i+1:] {
		if c < 'a' || c > 'z' {
			return seg
		}
	}
	return seg[:i]
}

// foldSegment replaces what looks like an identifier by its form.
func foldSegment(s []byte) string {
	var digits, hex, hyphens, upper, other int
	for _, c := range s {
		switch {
		case c >= '0' && c <= '9':
			digits++
			hex++
		case c >= 'a' && c <= 'f':
			hex++
		case c >= 'A' && c <= 'F':
			hex++
			upper++
		case c >= 'A' && c <= 'Z':
			upper++
		case c == '-':
			hyphens++
		case c == '@' || c == '%' || c == ',' || c == '=' || c >= 0x80:
			other++
		}
	}
	n := len(s)
	switch {
	case digits == n:
		return ":id"
	case n == 36 && hyphens == 4 && hex == 32:
		return ":id"
	case n == 10 && digits == 8 && hyphens == 2 && s[4] == '-' && s[7] == '-':
		return ":date"
	case hex == n && digits > 0 && n >= 8:
		return ":id"
	case s[0] >= '0' && s[0] <= '9' && hyphens > 0: // Rails to_param: 17-my-title
		return ":id"
	case n >= 16 && digits >= 3 && hyphens <= 1: // tokens, signed ids
		return ":id"
	case n >= 20 && upper >= 4 && digits > 0:
		return ":id"
	case other > 0, n > 64, hyphens >= 3 && n >= 16:
		return ":slug"
	case digits >= 3 && digits*2 >= n: // "PRJ2023", "a12345"
		return ":id"
	}
	return string(s)
}
