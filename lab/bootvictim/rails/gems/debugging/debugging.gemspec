# frozen_string_literal: true

Gem::Specification.new do |spec|
  spec.name = "debugging"
  spec.version = "0.1.0"
  spec.summary = "Keeps 50 MB from the moment it is required"
  spec.authors = ["lab"]
  spec.files = ["lib/debugging.rb"]
end
