import CAllocationCounter
import Pipelines
import Testing

@testable import EdgeAgent

@Suite struct DurationBucketsTests {
  @Test func `a duration falls under the first bound that it doesn't exceed`() {
    let buckets = DurationBuckets()
    for (index, bound) in DurationBuckets.bounds.enumerated() {
      let exact = Duration.nanoseconds(Int64(bound * 1e9))
      for _ in 0...index { buckets.add(exact) }
      #expect(buckets.snapshot.counts[index] == UInt64(index + 1), "\(bound)")
    }
    #expect(buckets.snapshot.counts.last == 0)
    buckets.add(.microseconds(501))
    #expect(buckets.snapshot.counts[1] == 3)
    buckets.add(.seconds(4000))
    buckets.add(.seconds(-1))
    #expect(buckets.snapshot.counts.last == 1 && buckets.snapshot.counts[0] == 2)
  }

  @Test(.enabled(if: allocation_counter_works())) func `counting allocates nothing`() {
    let buckets = DurationBuckets()
    var throttle = FrameThrottle()
    let before = allocation_count()
    for step in 0..<1000 {
      buckets.add(.microseconds(step * 10))
      let now = MonotonicInstant(nanoseconds: UInt64(step) * 1_000_000)
      if throttle.admits(at: now, step: step % 4) { throttle.note(.milliseconds(1), until: now, step: step % 4) }
    }
    #expect(allocation_count() == before)
  }

  @Test func `nothing is lost where several threads count`() throws {
    let buckets = DurationBuckets()
    let threads = try (0..<4).map { _ in try DataPlaneThread(name: "count") { for _ in 0..<20_000 { buckets.add(.milliseconds(3)) } } }
    for thread in threads { thread.join() }
    #expect(buckets.snapshot.counts.reduce(0, +) == 80_000)
    #expect(buckets.snapshot.sum == .seconds(240))
  }
}
