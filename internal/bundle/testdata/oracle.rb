# Says what RubyGems itself makes of versions and requirements. In: one JSON
# array a line, [version, version, requirement]. Out: one JSON object a line.
require "json"
require "rubygems"

def version(text)
  Gem::Version.new(text)
rescue ArgumentError
  nil
end

def requirement(text)
  Gem::Requirement.new(*text.split(","))
rescue Gem::Requirement::BadRequirementError, ArgumentError
  nil
end

$stderr.puts "RubyGems #{Gem::VERSION}"
$stdin.each_line do |line|
  a, b, r = JSON.parse(line)
  v, w, req = version(a), version(b), requirement(r)
  out = { correct: [Gem::Version.correct?(a), Gem::Version.correct?(b)], requirement: !req.nil? }
  if v
    out.update(prerelease: v.prerelease?, segments: v.segments.map(&:to_s),
               release: v.release.to_s, bump: v.bump.to_s)
  end
  out[:order] = v <=> w if v && w
  out[:allows] = [v, w].map { |x| x && req.satisfied_by?(x) } if req
  puts JSON.generate(out)
end
