# One object of every kind that a dump can hold, and then the dump.
#
#   ruby types.rb FILE
require "objspace"
require "set"
require "tempfile"
require "bigdecimal"
ObjectSpace.trace_object_allocations_start

Point = Struct.new(:x, :y)
Pixel = Data.define(:x, :y) if defined?(Data) && Data.respond_to?(:define)
class Many; end
class Loop; attr_accessor :me; end
module Refined
  refine(String) { def shout; upcase + "!"; end }
end

def list(length)
  (1..length).inject(nil) { |before, i| [i, before] }
end

KEPT = {
  strings: ["plain", "x" * 300, "frozen".freeze, "tab\t\"quote\" \\ \u0001", "ümlaut", "\xff\xfe".b, "\xff", :"dynamic #{rand(9)}", "copy" * 20],
  numbers: [1.5, 1.0e300, 2**80, -(2**70), 3r, 2i, BigDecimal("1.25"), 7],
  patterns: [/a+/, "banana".match(/a(n)/), 1..9, ("a".."z")],
  objects: [Point.new(1, 2), Object.new, Set[1, 2], Time.at(0), Exception.new("why"), method(:puts), proc { |a| a }, Fiber.new { 1 }, Thread.new { sleep }, Mutex.new, Random.new(1)],
  files: [File.open(__FILE__), $stdout, Dir.new(".")],
  classes: [Class.new, Module.new, Class.new(StandardError), Object.new.tap { |o| def o.to_s; "me"; end }],
  loop: Loop.new.tap { |l| l.me = l },
  list: list(2000),
  hashes: [{}, { a: 1 }, Hash.new { |h, k| h[k] = 1 }, { "k" => "v" }.compare_by_identity, (1..50).to_h { |i| [i, i.to_s] }],
  arrays: [[], [1], [1] * 50, ([2] * 50)[10..]],
  shapes: (1..20).map { |i| Many.new.tap { |m| m.instance_variable_set(:"@v#{i}", i) } },
}
KEPT[:data] = Pixel.new(x: 1, y: 2) if defined?(Pixel)
KEPT[:lazy] = (1..3).lazy.map { |x| x }
KEPT[:weak] = ObjectSpace::WeakMap.new.tap { |w| w["k"] = "v" }

GC.start
File.open(ARGV[0], "w") { |f| ObjectSpace.dump_all(output: f) }
