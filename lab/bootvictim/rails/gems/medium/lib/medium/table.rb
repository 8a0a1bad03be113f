# frozen_string_literal: true

module Medium
  TABLE = Array.new(400) { |i| (65 + i % 26).chr * 20_000 }
end
