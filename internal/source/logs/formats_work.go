package logs

// workFormats lists the formats of jobs, proxies and events.
func workFormats() []format { return nil }
