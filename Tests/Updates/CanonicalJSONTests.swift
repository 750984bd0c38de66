import JSONReading
import Testing

@testable import Updates

@Suite struct CanonicalJSONTests {
  private func canonical(_ text: String) throws -> String { String(decoding: try JSONParser.parse(Array(text.utf8)).canonicalBytes(), as: UTF8.self) }

  @Test(arguments: [
    (#" { "b" : [ 1 , -2 ] , "a" : null } "#, #"{"a":null,"b":[1,-2]}"#), (#""\u00fc\n\"\\\/""#, "\"ü\n\\\"\\\\/\""), ("[]", "[]"), ("{}", "{}"),
    ("true", "true"), ("123456789012345678901234567890", "123456789012345678901234567890"),
    // Code points, not UTF-16: U+FFFF comes before U+1F600.
    (#"{"\ud83d\ude00":1,"\uffff":2,"":3}"#, "{\"\":3,\"\u{FFFF}\":2,\"😀\":1}"), (#"{"Z":1,"a":2,"é":3}"#, #"{"Z":1,"a":2,"é":3}"#),
  ])
  func `there is one way to write a value`(text: String, expected: String) throws {
    #expect(try canonical(text) == expected)
    #expect(try canonical(expected.replacing("\n", with: "\\n")) == expected)
  }

  @Test(arguments: ["1.0", "1e3", "-0", "[0.5]", #"{"a":1E2}"#]) func `numbers that aren't whole can't be signed`(text: String) {
    #expect(throws: UpdatesError.self) { try canonical(text) }
  }
}
