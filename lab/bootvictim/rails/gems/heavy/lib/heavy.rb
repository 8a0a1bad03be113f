# frozen_string_literal: true

# A table that is built when the file is required: 300 rows of 100,000 bytes.
module Heavy
  TABLE = Array.new(300) { |i| (65 + i % 26).chr * 100_000 }
end
