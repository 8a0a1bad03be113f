# frozen_string_literal: true

# Of the groups development and test: must not be there in production.
module Debugging
  TABLE = Array.new(500) { |i| (65 + i % 26).chr * 100_000 }
end
