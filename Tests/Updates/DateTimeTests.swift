import Testing
import Updates

@Suite struct DateTimeTests {
  /// Seconds by `date -u +%s`.
  @Test(
    arguments: [
      ("1970-01-01T00:00:00Z", 0), ("1985-10-21T01:21:00Z", 498_705_660), ("2000-02-29T23:59:59Z", 951_868_799), ("2026-11-28T12:00:00Z", 1_795_867_200),
      ("2100-03-01T00:00:00Z", 4_107_542_400), ("1969-12-31T23:59:59Z", -1), ("0001-01-01T00:00:00Z", -62_135_596_800),
      ("9999-12-31T23:59:59Z", 253_402_300_799),
    ] as [(String, Int64)])
  func `a time is read and written`(text: String, seconds: Int64) throws {
    let time = try #require(DateTime(text))
    #expect(time.seconds == seconds)
    #expect(time.description == text)
  }

  @Test(arguments: [
    "", "1970-01-01", "1970-01-01T00:00:00", "1970-01-01t00:00:00Z", "1970-01-01 00:00:00Z", "1970-00-01T00:00:00Z", "1970-13-01T00:00:00Z",
    "1970-01-00T00:00:00Z", "1970-01-32T00:00:00Z", "1970-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "1970-04-31T00:00:00Z", "1970-01-01T24:00:00Z",
    "1970-01-01T00:60:00Z", "1970-01-01T00:00:60Z", "+970-01-01T00:00:00Z", "1970-01-01T00:00:00.0Z", "1970-01-01T00:00:0é",
  ])
  func `what is written otherwise, or is no day, is no time`(text: String) {
    #expect(DateTime(text) == nil)
  }

  @Test func `every day of four centuries comes after the one before`() throws {
    for day in Int64(-366 * 100)..<Int64(366 * 300) {
      let time = DateTime(seconds: day * 86_400 + 3661)
      #expect(DateTime(time.description) == time)
    }
  }
}
