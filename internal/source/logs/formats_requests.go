package logs

// requestFormats lists the formats of requests, most specific first.
func requestFormats() []format {
	return []format{railsFormat(), lograge(), jsonFormat(), ltsv(), combinedFormat()}
}
