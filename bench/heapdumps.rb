# Three dumps of one process, with records, a cache that grows and strings that go:
#
#   ruby bench/heapdumps.rb OBJECTS FOLDER
require "objspace"
ObjectSpace.trace_object_allocations_start
objects = Integer(ARGV[0])
module SettingsCache; STORE = {}; end
class Account
  def initialize(i)
    @id = i
    @name = "account #{i}"
    @mail = "a#{i}@example.org"
    @made = Time.at(i)
    @more = { "id" => i, "tags" => ["new", "region #{i % 7}"] }
  end
end
KEPT = Array.new(objects / 10) { |i| Account.new(i) }

def dump(name)
  GC.start
  File.open(File.join(ARGV[1], "#{name}.json"), "w") { |f| ObjectSpace.dump_all(output: f) }
end

def remember(from, n) = n.times { |i| SettingsCache::STORE[from + i] = "setting #{i}" * 50 }

remember(0, objects / 200)
dump "a"
remember(1_000_000_000, objects / 200)
passing = Array.new(objects / 200) { |i| "passing #{i}" * 10 }
dump "b"
passing = nil
remember(2_000_000_000, objects / 200)
dump "c"
