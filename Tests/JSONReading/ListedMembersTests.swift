import JSONReading
import Testing

@Suite struct ListedMembersTests {
  @Test func `names that Unicode holds equal stay apart in a listed member, and are refused elsewhere`() throws {
    let equal = #"{"\u00e9": 1, "e\u0301": 2}"#
    let listed = try JSONParser.parse([UInt8](#"{"vocab": \#(equal), "other": []}"#.utf8), listed: "vocab")
    #expect(
      listed
        == .object([
          "vocab": .array([.array([.string("\u{e9}"), .number("1")]), .array([.string("e\u{301}"), .number("2")])]), "other": .array([]),
        ]))
    #expect(throws: JSONSyntaxError.self) { try JSONParser.parse([UInt8](equal.utf8)) }
    #expect(try JSONParser.parse([UInt8](#"{"vocab": {} }"#.utf8), listed: "vocab") == .object(["vocab": .array([])]))
    #expect(try JSONParser.parse([UInt8](#"{"vocab": 1}"#.utf8), listed: "vocab") == .object(["vocab": .number("1")]))
    #expect(throws: JSONSyntaxError.self) { try JSONParser.parse([UInt8](#"{"vocab": {"a" 1}}"#.utf8), listed: "vocab") }
  }
}
