package heapdump

// Bytes that Ruby writes, as numbers in the order of this memory (little endian).
const (
	wAddress    = 0x736572646461227b // the first 8 of {"address
	wAddressEnd = 0x7830223a22737365 // ess":"0x
	wType       = 0x6570797422202c22 // ", "type
	wTypeEnd    = 0x223a2265         // e":"
	wNext       = 0x22202c           // , "
	wHex        = 0x7830             // 0x
	tString     = 0x2c22474e49525453 // STRING",
	tObject     = 0x2c225443454a424f // OBJECT",
	tArray      = 0x202c225941525241 // ARRAY",
	tHash       = 0x22202c2248534148 // HASH", "
	tImemo      = 0x202c224f4d454d49 // IMEMO",
	tData       = 0x22202c2241544144 // DATA", "
	tFloat      = 0x202c2254414f4c46 // FLOAT",
	tStruct     = 0x2c22544355525453 // STRUCT",
	tSymbol     = 0x2c224c4f424d5953 // SYMBOL",
	tBignum     = 0x2c224d554e474942 // BIGNUM",
	tRational   = 0x4c414e4f49544152 // RATIONAL
	tComplex    = 0x2258454c504d4f43 // COMPLEX"
	tRegexp     = 0x2c22505845474552 // REGEXP",
	tMatch      = 0x202c22484354414d // MATCH",
	tFile       = 0x22202c22454c4946 // FILE", "
	kClass      = 0x223a227373616c63 // class":"
	kEmbedded   = 0x6465646465626d65 // embedded
	kBytesize   = 0x657a697365747962 // bytesize
	kCapacity   = 0x7974696361706163 // capacity
	kValue      = 0x223a2265756c6176 // value":"
	kEncoding   = 0x676e69646f636e65 // encoding
	kReferences = 0x636e657265666572 // referenc
	kFile       = 0x223a22656c6966   // file":"
	kGeneration = 0x69746172656e6567 // generati
	kMemsize    = 0x22657a69736d656d // memsize"
	kFlags      = 0x7b3a227367616c66 // flags":{
	kFrozen     = 0x3a226e657a6f7266 // frozen":
	kFstring    = 0x22676e6972747366 // fstring"
	kShared     = 0x3a22646572616873 // shared":
	kBroken     = 0x3a226e656b6f7262 // broken":
	kShape      = 0x64695f6570616873 // shape_id
	vTrue       = 0x65757274         // true
	vUTF8       = 0x382d465455223a22 // ":"UTF-8
	vRefs       = 0x7830225b3a227365 // es":["0x
	vMore       = 0x783022202c22     // ", "0x
	vOn         = 0x3a226e6f         // on":
	vLine       = 0x22656e696c22202c // , "line"
	vMethod     = 0x6f6874656d22202c // , "metho
	vMethodEnd  = 0x3a22646f         // od":
	vName       = 0x3a22656d616e     // name":
)
