import EdgeAgent
import Testing

@Suite struct LatencyHistogramTests {
  @Test(arguments: [1, 3, 17, 100, 999, 12_345, 1_000_000, 30_000_000])
  func `a percentile is within five percent of the truth`(microseconds: Int64) throws {
    var histogram = LatencyHistogram()
    for _ in 0..<10 { histogram.add(.microseconds(microseconds)) }
    let found = try #require(histogram.percentile(0.5)) / .microseconds(1)
    #expect(abs(found - Double(microseconds)) <= max(1, 0.05 * Double(microseconds)))
  }

  @Test func `percentiles follow the ranks`() throws {
    var histogram = LatencyHistogram()
    #expect(histogram.percentile(0.5) == nil)
    for _ in 0..<98 { histogram.add(.milliseconds(1)) }
    for _ in 0..<2 { histogram.add(.milliseconds(100)) }
    #expect(try #require(histogram.percentile(0.5)) < .milliseconds(2))
    #expect(try #require(histogram.percentile(0.98)) < .milliseconds(2))
    #expect(try #require(histogram.percentile(0.99)) > .milliseconds(90))
  }

  @Test func `negative and endless durations fall into the outer buckets`() throws {
    var histogram = LatencyHistogram()
    histogram.add(.seconds(-1))
    histogram.add(.seconds(1_000_000))
    #expect(histogram.count == 2)
    #expect(try #require(histogram.percentile(1)) > .seconds(60))
  }
}
