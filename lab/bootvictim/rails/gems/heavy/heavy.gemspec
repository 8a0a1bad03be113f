# frozen_string_literal: true

Gem::Specification.new do |spec|
  spec.name = "heavy"
  spec.version = "0.1.0"
  spec.summary = "Keeps 30 MB from the moment it is required"
  spec.authors = ["lab"]
  spec.files = ["lib/heavy.rb"]
end
