module culprit

go 1.26

require gonum.org/v1/gonum v0.17.0

require (
	github.com/klauspost/compress v1.20.3 // indirect
	github.com/ulikunitz/xz v0.5.17 // indirect
)
