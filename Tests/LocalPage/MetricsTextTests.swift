import LocalPage
import TestPages
import Testing

@Suite struct MetricsTextTests {
  private func read(_ write: (inout MetricsText) -> Void) throws -> Exposition {
    var text = MetricsText()
    write(&text)
    return try Exposition(String(decoding: text.bytes, as: UTF8.self))
  }

  @Test func `values come back as they were, and families keep their order`() throws {
    let read = try read { text in
      text.begin("a_total", .counter, "Counts \\ things\nand more.")
      text.sample([("x", "1")], UInt64(1) << 52)
      text.sample([("x", "2")], 0)
      text.begin("b", .gauge, "A gauge.")
      for (index, value) in [0.1, -2.5, .infinity, -.infinity, 1e300].enumerated() { text.sample([("i", "\(index)")], value) }
    }
    #expect(read.families.map(\.name) == ["a_total", "b"])
    #expect(read.families[0].help == "Counts \\\\ things\\nand more.")
    #expect(read.value("a_total", ["x": "1"]) == 4_503_599_627_370_496)
    #expect(read.families[1].samples.map(\.value) == [0.1, -2.5, .infinity, -.infinity, 1e300])
  }

  @Test(arguments: ["", "plain", "with \"quotes\"", "back\\slash", "line\nfeed", "carriage\r\nreturn", "tab\t", "ünïcode 🐦", "}{,=", "\\n"])
  func `a label's value comes back whatever is in it`(value: String) throws {
    let read = try read { text in
      text.begin("a", .gauge, "A gauge.")
      text.sample([("name", value), ("other", "x")], 1)
    }
    #expect(read.value("a", ["name": value, "other": "x"]) == 1)
  }

  @Test func `a family without samples isn't there`() throws {
    let read = try read { text in
      text.begin("nothing", .gauge, "Nothing.")
      text.begin("a", .gauge, "A gauge.")
      text.sample(3)
    }
    #expect(read.families.map(\.name) == ["a"])
  }

  @Test func `a histogram's buckets add up`() throws {
    let read = try read { text in
      text.begin("d_seconds", .histogram, "Durations.")
      text.histogram([("stage", "a")], bounds: [0.001, 0.5, 2], counts: [3, 0, 4, 1], sum: 7.25)
      text.histogram([("stage", "b")], bounds: [0.001, 0.5, 2], counts: [0, 0, 0, 0], sum: 0)
    }
    let buckets = ["0.001", "0.5", "2", "+Inf"].map { read.value("d_seconds_bucket", ["stage": "a", "le": $0]) }
    #expect(buckets == [3, 3, 7, 8])
    #expect(read.value("d_seconds_count", ["stage": "a"]) == 8)
    #expect(read.value("d_seconds_sum", ["stage": "a"]) == 7.25)
  }

  /// What it lets pass, the tests above would let pass, too.
  @Test(arguments: [
    "a 1\n", "# HELP a A.\n# TYPE a gauge\na 1", "# HELP a A.\n# TYPE a gauge\na  1\n", "# HELP a A.\n# TYPE a gauge\na 1\na 1\n",
    "# HELP a A.\n# TYPE a counter\na 1\n", "# HELP a A.\n# TYPE a gauge\nb 1\n", "# HELP a A.\n# TYPE a gauge\na{x=\"\\t\"} 1\n",
    "# HELP a A.\n# TYPE a gauge\na{x=\"1\",x=\"2\"} 1\n", "# HELP a A.\n# TYPE a gauge\na{1=\"1\"} 1\n", "# HELP a A.\n# TYPE a gauge\na{x=\"1} 1\n",
    "# HELP a_total A.\n# TYPE a_total counter\na_total -1\n", "# HELP a A.\n# TYPE a gauge\na x\n",
    "# HELP h A.\n# TYPE h histogram\nh_bucket{le=\"1\"} 2\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n",
    "# HELP h A.\n# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_sum 1\nh_count 1\n",
    "# HELP h A.\n# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 2\n",
  ])
  func `the reader of the tests is strict`(text: String) {
    #expect(throws: Exposition.Mistake.self) { try Exposition(text) }
  }
}
