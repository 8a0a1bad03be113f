# frozen_string_literal: true

Gem::Specification.new do |spec|
  spec.name = "light"
  spec.version = "0.1.0"
  spec.summary = "Keeps 2 MB from the moment it is required"
  spec.authors = ["lab"]
  spec.files = ["lib/light.rb"]
end
