# frozen_string_literal: true

Gem::Specification.new do |spec|
  spec.name = "medium"
  spec.version = "0.1.0"
  spec.summary = "Keeps 8 MB from the moment it is required"
  spec.authors = ["lab"]
  spec.files = ["lib/medium.rb", "lib/medium/table.rb"]
end
