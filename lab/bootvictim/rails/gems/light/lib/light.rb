# frozen_string_literal: true

# 100 rows of 20,000 bytes.
module Light
  TABLE = Array.new(100) { |i| (65 + i % 26).chr * 20_000 }
end
