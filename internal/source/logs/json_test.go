package logs

import "testing"

func TestJSON(t *testing.T) {
	tests := map[string]struct{ log, want string }{
		"lograge logstash": {
			`{"method":"GET","path":"/users","format":"html","controller":"UsersController","action":"index","status":200,"duration":11.91,"view":7.76,"db":0.84,"params":{"id":"1","filter":{"state":"x"}},"@timestamp":"2019-12-11T00:07:06.242Z","@version":"1","message":"[200] GET /users (UsersController#index)"}`,
			`web end 2019-12-11T00:07:06.230090Z..2019-12-11T00:07:06.242000Z us=11910 status=200 method="GET" path="/users" controller="UsersController" action="index" format="html" id:"1" filter.state:"x"`,
		},
		"bikeindex: prefix, tag, JSON": {
			`I, [2023-10-23T17:57:36.142389 #666692]  INFO -- : [2ac7efc6-6660-4b11-a1ca-a276698bdbdf] {"method":"GET","path":"/o/hogwarts/bikes","status":200,"allocations":510947,"controller":"B","action":"i","duration":699.31,"@timestamp":"2023-10-23T17:57:36.142Z","@version":"1","message":"[200] GET"}`,
			`web end 2023-10-23T17:57:35.442690Z..2023-10-23T17:57:36.142000Z us=699310 status=200 pid=666692 id="2ac7efc6-6660-4b11-a1ca-a276698bdbdf" method="GET" path="/o/hogwarts/bikes" controller="B" action="i" alloc=510947`,
		},
		"semantic logger": {
			`{"host":"wnode03","application":"Semantic Logger","environment":"production","timestamp":"2020-08-22T14:29:03.614350Z","level":"info","level_index":2,"pid":171428,"thread":"puma 001","duration_ms":241.235,"duration":"241.2ms","name":"GreetingController","message":"Completed #index","payload":{"controller":"GreetingController","action":"index","format":"HTML","method":"GET","path":"/greeting/index","status":200,"view_runtime":229.55,"db_runtime":0.0,"status_message":"OK"}}`,
			`web end 2020-08-22T14:29:03.373115Z..2020-08-22T14:29:03.614350Z us=241235 status=200 pid=171428 tid="puma 001" host="wnode03" method="GET" path="/greeting/index" controller="GreetingController" action="index" format="HTML"`,
		},
		"ougai": {
			`{"name":"main","hostname":"mint","pid":9044,"level":30,"time":"2016-10-28T17:58:53.668+09:00","v":0,"msg":"Request","method":"GET","path":"/login","format":"html","controller":"LoginController","action":"new","status":200}`,
			`web end -..2016-10-28T08:58:53.668000Z status=200 pid=9044 host="mint" method="GET" path="/login" controller="LoginController" action="new" format="html"`,
		},
		"gitlab": {
			`{"method":"GET","path":"/api/x","format":"html","controller":"HomeController","action":"index","status":200,"time":"2021-03-01T10:00:01.500Z","params":[{"key":"id","value":"1"},{"key":"a","value":{"b":"c"}}],"remote_ip":"10.1.1.1","user_id":7,"username":"root","correlation_id":"01EXYZ","mem_objects":2500,"mem_bytes":100,"mem_total_bytes":300,"pid":12,"duration_s":1.5}`,
			`web end 2021-03-01T10:00:00.000000Z..2021-03-01T10:00:01.500000Z us=1500000 status=200 pid=12 id="01EXYZ" method="GET" path="/api/x" controller="HomeController" action="index" format="html" user="7" client="10.1.1.1" alloc=2500 mem=300 id:"1" a:"{\"b\":\"c\"}"`,
		},
		"nested pid and graphql": {
			`{"method":"POST","path":"/api/v2/graphql","controller":"API::V2::GraphqlController","action":"execute","status":200,"duration":4211.3,"graphql_query":"{ demarche(number: 12) { id } }","process":{"pid":77},"@timestamp":"2020-06-10T21:00:03.123Z"}`,
			`web end 2020-06-10T20:59:58.911700Z..2020-06-10T21:00:03.123000Z us=4211300 status=200 pid=77 method="POST" path="/api/v2/graphql" controller="API::V2::GraphqlController" action="execute" op="demarche~786fdfaa"`,
		},
		"job": {
			`{"job_id":"j1","queue_name":"default","job_class":"ExportJob","job_args":["gid://x"],"tags":["job","perform"],"duration":2500.0,"@timestamp":"2020-06-10T21:00:03.000Z","message":"ExportJob#j1 at x"}`,
			`job end 2020-06-10T21:00:00.500000Z..2020-06-10T21:00:03.000000Z us=2500000 id="j1" name="ExportJob" queue="default"`,
		},
		"nginx": {
			`{"time_iso8601":"2020-06-10T21:00:03+00:00","remote_addr":"1.2.3.4","request":"GET /a?b=c HTTP/1.1","status":504,"body_bytes_sent":12,"request_time":60.001,"upstream_addr":"10.0.0.1:80, 10.0.0.2:80","request_id":"abcdef0123456789abcdef0123456789"}`,
			`proxy end 2020-06-10T20:59:02.999000Z..2020-06-10T21:00:03.000000Z us=60001000 truncated status=504 id="abcdef0123456789abcdef0123456789" method="GET" path="/a" client="1.2.3.4" upstream="10.0.0.2:80" body=12 b:"c"`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { wantFacts(t, tt.log+"\n", Options{}, tt.want) })
	}
}

func TestKeyValue(t *testing.T) {
	tests := map[string]struct{ log, want string }{
		"readme": {
			`I, [2023-10-23T17:57:36.142389 #12]  INFO -- : method=GET path=/jobs/833552.json format=json controller=JobsController  action=show status=200 duration=58.33 view=40.43 db=15.26`,
			`web end 2023-10-23T17:57:36.084059Z..2023-10-23T17:57:36.142389Z us=58330 status=200 pid=12 method="GET" path="/jobs/833552.json" controller="JobsController" action="show" format="json"`,
		},
		"time with blanks": {
			`method=GET path=/x format=html controller=A::B action=show status=500 duration=58 view=0.00 db=15.26 time=2020-01-01 12:00:00 +0900 exception=["Klass", "a msg"] params={"id"=>"7", "q"=>"a b"} request_id=0123456789abcdef`,
			`web end 2020-01-01T02:59:59.942000Z..2020-01-01T03:00:00.000000Z us=58000 failed status=500 id="0123456789abcdef" method="GET" path="/x" controller="A::B" action="show" format="html" id:"7" q:"a b"`,
		},
		"ltsv": {
			"time:[10/Oct/2020:13:55:36 +0000]\thost:1.2.3.4\treq:GET /x HTTP/1.1\tstatus:200\tsize:12\treqtime:0.5",
			`proxy end 2020-10-10T13:55:35.500000Z..2020-10-10T13:55:36.000000Z us=500000 status=200 method="GET" path="/x" client="1.2.3.4" body=12`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { wantFacts(t, tt.log+"\n", Options{}, tt.want) })
	}
}

func TestCombined(t *testing.T) {
	tests := map[string]struct{ log, want string }{
		"common": {
			`127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif HTTP/1.0" 200 2326`,
			`proxy end -..2000-10-10T20:55:36.000000Z status=200 method="GET" path="/apache_pb.gif" user="frank" client="127.0.0.1" body=2326`,
		},
		"puma": {
			`127.0.0.1 - - [10/Oct/2020:13:55:36 +0000] "POST /a?b=c HTTP/1.1" 500 - 0.0123`,
			`web end 2020-10-10T13:55:35.987700Z..2020-10-10T13:55:36.000000Z us=12300 status=500 method="POST" path="/a" client="127.0.0.1" b:"c"`,
		},
		"timing, upstream, id": {
			`1.2.3.4 - - [10/Oct/2020:13:55:36 +0000] "GET /x HTTP/2.0" 200 100 "https://a \"b\"/" "Mozilla/5.0 (X)" 0.123 10.0.0.7:3000 0.120 0123456789abcdef0123456789abcdef`,
			`proxy end 2020-10-10T13:55:35.877000Z..2020-10-10T13:55:36.000000Z us=123000 status=200 id="0123456789abcdef0123456789abcdef" method="GET" path="/x" client="1.2.3.4" upstream="10.0.0.7:3000" body=100`,
		},
		"pairs": {
			`1.2.3.4 - - [10/Oct/2020:13:55:36 +0000] "GET /x HTTP/1.1" 499 0 "-" "curl" rt=12.5 uct="0.000" uht="-" urt="12.4"`,
			`proxy end 2020-10-10T13:55:23.500000Z..2020-10-10T13:55:36.000000Z us=12500000 truncated status=499 method="GET" path="/x" client="1.2.3.4" body=0`,
		},
		"apache %D": {
			`www.example.org:443 1.2.3.4 - - [10/Oct/2020:13:55:36 +0000] "GET /x HTTP/1.1" 200 100 "-" "curl" 250000`,
			`proxy start 2020-10-10T13:55:36.000000Z..2020-10-10T13:55:36.250000Z us=250000 status=200 method="GET" path="/x" client="1.2.3.4" body=100`,
		},
		"several upstreams": {
			`1.2.3.4 - - [10/Oct/2020:13:55:36 +0000] "GET /x HTTP/1.1" 504 100 "-" "curl" 60.100 10.0.0.7:3000, 10.0.0.8:3000 30.000, 30.100`,
			`proxy end 2020-10-10T13:54:35.900000Z..2020-10-10T13:55:36.000000Z us=60100000 truncated status=504 method="GET" path="/x" client="1.2.3.4" upstream="10.0.0.8:3000" body=100`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { wantFacts(t, tt.log+"\n", Options{}, tt.want) })
	}
}
