# frozen_string_literal: true

# Evaluated under a file name as Ruby gives it to its own parts: gems that look
# for their caller pass over these methods as they pass over those of RubyGems.
#
# Ruby's own require is stepped into where RubyGems has put it aside. Each way
# leads there: RubyGems calls it, and so do those who wrap RubyGems; Bundler puts
# it back in its place, with the hook.
#
# What Ruby makes for a file before its first line runs, the compiled code above
# all, is made in the evaluated calls: their line is the number of the node.
module Kernel
  culprit_target = private_method_defined?(:gem_original_require) ? :gem_original_require : :require
  alias_method :culprit_require, culprit_target
  alias_method :culprit_load, :load

  class_eval <<-RUBY, "<internal:culprit>", __LINE__ + 1
    def #{culprit_target}(path)
      CulpritBoot::Meter.require(path) do |line|
        next culprit_require(path) if line == 0

        eval("culprit_require(path)", binding, "<culprit>", line)
      end
    end
    private :#{culprit_target}
  RUBY

  # The original looks for its caller, which would be this method.
  def require_relative(path)
    from = caller_locations(1, 1).first
    base = from && (from.absolute_path || from.path)
    raise LoadError, "cannot infer basepath" if base.nil?

    file = File.expand_path(CulpritBoot::Meter.path(path), File.dirname(base))
    CulpritBoot::Meter.require(file) do |line|
      next culprit_require(file) if line == 0

      eval("culprit_require(file)", binding, "<culprit>", line)
    end
  end

  def load(path, wrap = false)
    CulpritBoot::Meter.load(path) do |line|
      next culprit_load(path, wrap) if line == 0

      eval("culprit_load(path, wrap)", binding, "<culprit>", line)
    end
  end

  private :require_relative, :load, :culprit_require, :culprit_load

  class << self
    alias_method :culprit_require, :require
    alias_method :culprit_load, :load

    def require(path)
      CulpritBoot::Meter.require(path) do |line|
        next culprit_require(path) if line == 0

        eval("culprit_require(path)", binding, "<culprit>", line)
      end
    end

    def load(path, wrap = false)
      CulpritBoot::Meter.load(path) do |line|
        next culprit_load(path, wrap) if line == 0

        eval("culprit_load(path, wrap)", binding, "<culprit>", line)
      end
    end
  end
end
