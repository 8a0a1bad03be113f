// Package checks is the knowledge base: one document for each known cause of
// growing memory, in the form of docs/format/finding.md.
//
// It owns the documents, whose heads are run by internal/gemcheck and by the
// tests. It refuses code: what a finding needs that its head cannot say belongs
// into the conditions of internal/gemcheck.
package checks

import (
	"embed"

	"culprit/internal/gemcheck"
)

//go:embed *.md
var documents embed.FS

// Load reads all documents.
func Load() ([]gemcheck.Document, error) { return gemcheck.Load(documents) }
