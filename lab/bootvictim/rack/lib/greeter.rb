# frozen_string_literal: true

require "json"

# A Rack app that knows 50 greetings of 100,000 bytes.
class Greeter
  GREETINGS = Array.new(50) { |i| (65 + i % 26).chr * 100_000 }

  def call(_env)
    [200, { "content-type" => "application/json" }, [JSON.generate(GREETINGS.sample)]]
  end
end
