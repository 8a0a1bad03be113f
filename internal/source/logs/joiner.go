package logs

// stage is where the parsers of one block note events for the joiner.
type stage struct{}
