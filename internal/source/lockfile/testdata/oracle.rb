# Says what Bundler itself reads in lockfiles. In: one JSON object a line,
# {"text": lockfile, "platforms": [names]}. Out: one JSON object a line.
require "json"
require "bundler"

# No plugin is installed here: keep what the lockfile says about its source.
PluginSource = Struct.new(:options) do
  def add_dependency_names(*); end
end
Bundler::Plugin.define_singleton_method(:source_from_lock) { |options| PluginSource.new(options) }

def kind(source)
  case source
  when PluginSource then "PLUGIN SOURCE"
  when Bundler::Source::Git then "GIT"
  when Bundler::Source::Path then "PATH"
  when Bundler::Source::Rubygems then "GEM"
  end
end

def remotes(source)
  case source
  when PluginSource then Array(source.options["remote"])
  when Bundler::Source::Git then [source.uri]
  when Bundler::Source::Path then [source.path.to_s]
  when Bundler::Source::Rubygems then source.remotes.map(&:to_s)
  end
end

def options(source)
  return {} if source.is_a?(Bundler::Source::Rubygems)
  drop = %w[remote uri path root_path]
  drop << "revision" unless source.is_a?(PluginSource)
  source.options.reject { |k, _| drop.include?(k) }.transform_values(&:to_s)
end

def needs(list)
  list.map { |d| { Name: d.name, Requirement: d.requirement.to_s } }
end

$stderr.puts "Bundler #{Bundler::VERSION}"
$stdin.each_line do |line|
  question = JSON.parse(line)
  lock = Bundler::LockfileParser.new(question["text"])
  puts JSON.generate(
    Sources: lock.sources.map do |s|
      { Kind: kind(s), Remotes: remotes(s), Options: options(s), Revision: kind(s) == "GIT" ? s.revision : "" }
    end,
    Specs: lock.specs.map do |s|
      { Name: s.name, Version: s.version.to_s, Platform: s.platform.to_s, Needs: needs(s.dependencies),
        Source: lock.sources.index { |x| x.equal?(s.source) } }
    end,
    Platforms: lock.platforms.map(&:to_s),
    Dependencies: needs(lock.dependencies.values),
    Pinned: lock.dependencies.values.select(&:source).map(&:name),
    Ruby: lock.ruby_version.to_s,
    BundledWith: lock.bundler_version.to_s,
    Normal: question["platforms"].to_h { |p| [p, Gem::Platform.new(p).to_s] }
  )
end
