package logs

// field is what a key of a structured log line means here.
type field uint8

const (
	fNone field = iota
	fMethod
	fPath
	fRequest // "GET /x HTTP/1.1"
	fFormat
	fController
	fAction
	fEndpoint // "HomeController#index"
	fStatus
	fMillis  // duration in milliseconds
	fSeconds // duration in seconds
	fMicros  // duration in microseconds
	fLength  // duration of unknown unit: "241.2ms", or milliseconds
	fTime    // stamp of the line
	fTimeTop // stamp that goes before others
	fPID
	fTID
	fHostname
	fHost // a server's name or the Host header: decided by the rest of the line
	fRequestID
	fUser
	fUserWeak // used when there is no better one
	fClient
	fAllocations
	fMemory
	fMemoryTotal
	fBody
	fUpstream
	fOperation
	fQuery
	fParams
	fMessage
	fThread // also tells rails_semantic_logger and Java-like appenders
	fSemantic
	fJobClass
	fJobID
	fQueue
	fTags
	fError
	// Objects whose members mean the same as at the top.
	fInner
	fProcess // {"pid": 1}
)

// structured maps the keys of lograge (any formatter), logstash, GitLab, Rails
// structured events, rails_semantic_logger, ougai and bunyan, nginx log_format
// escape=json, LTSV and common custom options to their meaning.
//
// Sources: roidrage/lograge lib/lograge/log_subscribers/action_controller.rb and
// lib/lograge/formatters; GitLab doc/administration/logs/_index.md;
// reidmorrison/rails_semantic_logger lib/rails_semantic_logger/action_controller/
// log_subscriber.rb; tilfin/ougai README.md; ltsv.org, labels; nginx
// ngx_http_core_module, variables.
var structured = map[string]field{
	"method": fMethod, "request_method": fMethod, "http_method": fMethod, "verb": fMethod,
	"path": fPath, "uri": fPath, "request_uri": fPath, "url": fPath, "fullpath": fPath, "request_path": fPath, "original_fullpath": fPath,
	"request": fRequest,
	"format":  fFormat, "controller": fController, "action": fAction,
	"controller_action": fEndpoint, "endpoint": fEndpoint,
	"status": fStatus, "statusCode": fStatus, "status_code": fStatus, "http_status": fStatus, "response": fStatus,
	"duration": fLength, "duration_ms": fMillis, "total_duration": fMillis, "responseTime": fMillis, "response_time": fMillis, "runtime": fMillis,
	"duration_s": fSeconds, "request_time": fSeconds, "reqtime": fSeconds, "taken_sec": fSeconds, "duration_sec": fSeconds, "duration_seconds": fSeconds,
	"reqtime_microsec": fMicros, "taken_microsec": fMicros, "duration_us": fMicros,
	"@timestamp": fTimeTop, "timestamp": fTimeTop,
	"time": fTime, "ts": fTime, "date": fTime, "datetime": fTime, "time_iso8601": fTime, "time_local": fTime, "msec": fTime, "logged_at": fTime,
	"pid": fPID, "process_id": fPID, "process.pid": fPID, "worker_pid": fPID,
	"tid": fTID, "thread_id": fTID, "thread": fThread, "thread_name": fThread,
	"hostname": fHostname, "dyno": fHostname, "pod": fHostname, "pod_name": fHostname, "source_host": fHostname,
	"host":       fHost,
	"request_id": fRequestID, "requestId": fRequestID, "req_id": fRequestID, "uuid": fRequestID, "correlation_id": fRequestID,
	"x_request_id": fRequestID, "http_x_request_id": fRequestID, "reqid": fRequestID, "request-id": fRequestID,
	"user_id": fUser, "user": fUserWeak, "username": fUserWeak, "current_user": fUserWeak, "remote_user": fUserWeak, "user_email": fUserWeak, "uid": fUserWeak, "meta.user": fUserWeak,
	"ip": fClient, "remote_ip": fClient, "client_ip": fClient, "remote_addr": fClient, "remote": fClient, "client": fClient, "forwardedfor": fClient, "remoteAddress": fClient,
	"allocations": fAllocations, "mem_objects": fAllocations,
	"mem_bytes": fMemory, "memory_bytes": fMemory, "memory_growth": fMemory, "mem_total_bytes": fMemoryTotal,
	"size": fBody, "bytes": fBody, "body_bytes_sent": fBody, "bytes_sent": fBody, "content_length": fBody, "response_size": fBody, "response_bytes": fBody,
	"upstream_addr": fUpstream, "upstream": fUpstream,
	"operation_name": fOperation, "operationName": fOperation, "graphql_operation": fOperation, "graphql_operation_name": fOperation, "operation": fOperation, "rpc_method": fOperation,
	"graphql_query": fQuery, "query": fQuery,
	"params": fParams, "parameters": fParams,
	"message": fMessage, "msg": fMessage,
	"level_index": fSemantic, "application": fSemantic,
	"job_class": fJobClass, "job_id": fJobID, "queue_name": fQueue, "active_job_id": fJobID,
	// GELF, additional fields (lograge's Graylog2 formatter): the same names
	"_method": fMethod, "_path": fPath, "_format": fFormat, "_controller": fController, "_action": fAction,
	"_status": fStatus, "_duration": fLength, "_pid": fPID, "_request_id": fRequestID, "_params": fParams, "short_message": fMessage,
	"tags": fTags, "exception": fError, "exception_object": fError, "error": fError, "exception.class": fError,
	"payload": fInner, "named_tags": fInner, "req": fInner, "res": fInner, "process": fProcess,
}

// slot is a key as it stands in a file's lines, with the key that followed it
// last: lines of one file have their keys in the same order, so that one
// comparison mostly replaces a search.
type slot struct {
	text string // as written: `"method":` or `method=`
	key  string
	f    field
	next int
	// text as two words, for comparing without a call
	low, high         uint64
	maskLow, maskHigh uint64
}

// at reports whether the slot's key stands at b[i:].
func (s *slot) at(b []byte, i int) bool {
	n := len(s.text)
	if n > 16 || i+16 > len(b) {
		return n > 0 && len(b)-i >= n && string(b[i:i+n]) == s.text
	}
	return (le64(b, i)^s.low)&s.maskLow|(le64(b, i+8)^s.high)&s.maskHigh == 0 && n > 0
}

func newSlot(text, key string) slot {
	s := slot{text: text, key: key, f: structured[key]}
	var b [16]byte
	n := copy(b[:], text)
	s.low, s.high = le64(b[:], 0), le64(b[:], 8)
	s.maskLow, s.maskHigh = ^uint64(0)>>(64-8*min(n, 8)), ^uint64(0)>>(64-8*max(n-8, 0))
	return s
}

// shape remembers the keys of a file at one level of nesting.
type shape struct {
	slots []slot
	by    map[string]int
	wrap  [2]string // what stands before and after a key
}

// maxSlots bounds the keys remembered; beyond that (keys made of data) they are
// looked up every time.
const maxSlots = 512

func newShape(before, after string) *shape {
	return &shape{slots: []slot{{}}, by: map[string]int{}, wrap: [2]string{before, after}}
}

// find returns the slot of key, 0 for one that is not remembered.
func (s *shape) find(key []byte) int {
	if i, ok := s.by[string(key)]; ok {
		return i
	}
	if len(s.slots) >= maxSlots || len(key) > 64 {
		return 0
	}
	k := string(key)
	s.slots = append(s.slots, newSlot(s.wrap[0]+k+s.wrap[1], k))
	s.by[k] = len(s.slots) - 1
	return len(s.slots) - 1
}
