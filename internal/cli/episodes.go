package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"

	"culprit/internal/livefacts"
	"culprit/internal/source/input"
)

// witnesses takes recordings of live processes out of the inputs.
func witnesses(ctx context.Context, files []input.File) (rest []input.File, episodes []livefacts.Episode, err error) {
	for _, f := range files {
		if !isEpisode(ctx, f) {
			rest = append(rest, f)
			continue
		}
		b, err := os.ReadFile(f.Path)
		if err != nil {
			return nil, nil, err
		}
		var e livefacts.Episode
		if err := json.Unmarshal(b, &e); err != nil {
			return nil, nil, fmt.Errorf("%s: not a recording: %w; hint: take it out, it was not written to its end", f.Path, err)
		}
		episodes = append(episodes, e)
	}
	return rest, episodes, nil
}

// isEpisode tells a recording by how it begins.
func isEpisode(ctx context.Context, f input.File) bool {
	if info, err := os.Stat(f.Path); f.Stdin || err != nil || !info.Mode().IsRegular() {
		return false
	}
	r, err := f.Open(ctx)
	if err != nil {
		return false
	}
	defer func() { _ = r.Close() }() // only looked at
	head, err := r.Head(sniffed)
	return err == nil && bytes.Contains(head, []byte(`"schema": "`+livefacts.EpisodeSchema+`"`))
}
