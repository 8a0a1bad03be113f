package logs

// workFormats lists the formats of proxies, background work and events that
// need no chunked reading or only little of it. The more specific come first.
func workFormats() []format {
	return []format{
		haproxyFormat(), albFormat(), herokuRouterFormat(),
		sidekiqFormat(), sidekiqJSONFormat(), delayedJobFormat(), goodJobFormat(),
		solidQueueFormat(), memoryLoggerFormat(), cronFormat(),
		pumaFormat(), unicornFormat(), oomFormat(), nginxErrorFormat(),
		herokuDynoFormat(), systemdFormat(), memoryLineFormat(),
	}
}
