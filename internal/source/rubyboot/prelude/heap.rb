# frozen_string_literal: true

module CulpritBoot
  # Heap counts what is allocated while the app's code runs: the meter's own
  # objects, between pause and resume, are left out.
  module Heap
    def self.for(mode)
      case mode
      when "allocated" then Allocated.new
      when "retained" then Retained.new
      end
    end

    # What bootsnap's cache of compiled code holds would count as bootsnap's own. It
    # has a switch for it since 1.5.
    module WithoutCache
      def loaded(file)
        return unless file.is_a?(String) && file.end_with?("/bootsnap/compile_cache/iseq.rb")

        ::Bootsnap::CompileCache::ISeq.define_singleton_method(:install!) { |*| nil }
      rescue NameError
        nil # it is made otherwise now
      end
    end

    # Retained notes where each object is made; After tells what is left of them.
    # Objects are counted, their bytes are not: the notes cost memory themselves.
    class Retained
      include WithoutCache

      attr_reader :objects

      def initialize
        require "objspace"
        @own = 0
        @objects = 0
      end

      def start
        3.times { GC.start }
        @first = GC.stat(:total_allocated_objects)
        ObjectSpace.trace_object_allocations_start
      end

      def stop
        ObjectSpace.trace_object_allocations_stop
      end

      def pause
        @at = GC.stat(:total_allocated_objects)
        @objects = @at - @first - @own
      end

      def resume
        @own += GC.stat(:total_allocated_objects) - @at
      end

      def bytes
        -1
      end
    end

    # Allocated counts objects and bytes. Ruby has no counter of bytes, but one of
    # what malloc gave since the last collection: so the collector is held back,
    # and let go between two requires whenever STEP was allocated.
    class Allocated
      include WithoutCache

      STEP = 384 << 20

      attr_reader :objects, :bytes

      def initialize
        @slot = GC::INTERNAL_CONSTANTS[:RVALUE_SIZE] || GC::INTERNAL_CONSTANTS[:BASE_SLOT_SIZE] || 40
        # Ruby 3.2 and later have slots of several sizes and count each.
        sized = GC.respond_to?(:stat_heap) && GC.stat_heap(0).key?(:total_allocated_objects)
        @pools = GC.stat_heap.map { |i, s| [i, s[:slot_size]] } if sized
        @own_objects = @own_bytes = @objects = @bytes = @collected_at = 0
      end

      def start
        3.times { GC.start }
        GC.disable
        @gc = GC.count
        @malloc = GC.stat(:malloc_increase_bytes)
        @before = -slots - @malloc
        @first = GC.stat(:total_allocated_objects)
      end

      def stop
        GC.enable
      end

      def pause
        @at = GC.stat(:total_allocated_objects)
        @bytes_at = total
        @objects = @at - @first - @own_objects
        @bytes = @bytes_at - @own_bytes
      end

      def resume
        @own_objects += GC.stat(:total_allocated_objects) - @at
        now = total
        @own_bytes += now - @bytes_at
        collect(now) if now - @collected_at > STEP
      end

      private

      def slots
        return GC.stat(:total_allocated_objects) * @slot if @pools.nil?

        sum = 0
        @pools.each { |i, size| sum += GC.stat_heap(i, :total_allocated_objects) * size }
        sum
      end

      # Where the app itself collects, what malloc gave since the last look is lost.
      # What is given back without a collection, as compilers do, stays counted.
      def total
        malloc = GC.stat(:malloc_increase_bytes)
        if GC.count != @gc
          CulpritBoot.wire.write("W\tcollected\n")
          @gc = GC.count
          @before += @malloc
        elsif malloc < @malloc
          @before += @malloc - malloc
        end
        @malloc = malloc
        slots + @before + malloc
      end

      def collect(now)
        GC.start
        @gc = GC.count
        malloc = GC.stat(:malloc_increase_bytes)
        @before += @malloc - malloc
        @malloc = malloc
        @collected_at = now
      end
    end
  end
end
