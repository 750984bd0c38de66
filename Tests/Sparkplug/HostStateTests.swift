import Pipelines
import Testing

@testable import Sparkplug

@Suite struct HostStateTests {
  @Test(arguments: [
    (#"{"online":true,"timestamp":1669000000000}"#, true, UInt64(1_669_000_000_000)), (#"{"timestamp":0,"online":false}"#, false, 0),
    (" {\n \"online\" : false ,\r\t\"timestamp\" : 18446744073709551615 } \n", false, .max),
    (#"{"online":true,"timestamp":5,"bdSeq":3,"x":{"online":[1,{"a":"}\""}],"y":null},"z":-1.5e3,"":[]}"#, true, 5),
  ])
  func `a state is read`(json: String, isOnline: Bool, timestamp: UInt64) throws {
    #expect(try HostState(Array(json.utf8)) == HostState(isOnline: isOnline, timestamp: timestamp))
  }

  @Test(arguments: [
    "", "ONLINE", "OFFLINE", "{}", "{", "[]", "true", #"{"online":true}"#, #"{"timestamp":1}"#, #"{"online":1,"timestamp":1}"#,
    #"{"online":"true","timestamp":1}"#, #"{"online":true,"timestamp":"1"}"#, #"{"online":true,"timestamp":-1}"#, #"{"online":true,"timestamp":1.5}"#,
    #"{"online":true,"timestamp":01}"#, #"{"online":true,"timestamp":18446744073709551616}"#, #"{"online":true,"timestamp":null}"#,
    #"{"online":true,"timestamp":1,}"#, #"{"online":true "timestamp":1}"#, #"{"online":true,"timestamp":1}x"#, #"{"online":true,"timestamp":1"#,
    #"{"online":true,"online":true,"timestamp":1}"#, #"{"online":true,"timestamp":1,"timestamp":1}"#, #"{"Online":true,"timestamp":1}"#,
    #"{"online":true,"timestamp":1,"a":}"#, #"{"online":true,"timestamp":1,"a"}"#, #"{"online":true,"timestamp":1,"a\"#, "{\"on\nline\":1}",
    "{\"online\":true,\"timestamp\":1,\"a\nb\":1}",
    #"{"online":true,"timestamp":1,"a":[[[[[[[[[[0]]]]]]]]]]}"#, #"{"a":"\"#,
  ])
  func `what isn't a state is refused`(json: String) {
    #expect(throws: SparkplugError.self) { try HostState(Array(json.utf8)) }
  }

  @Test func `a state of too many bytes isn't looked at`() {
    let json = #"{"online":true,"timestamp":1,"a":""# + String(repeating: "x", count: 5000) + "\"}"
    #expect(throws: SparkplugError.self) { try HostState(Array(json.utf8)) }
  }

  @Test(arguments: 0..<20) func `any bytes give a state or an error`(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    let pieces = [#"{"#, #"}"#, #""online""#, #""timestamp""#, ":", ",", "true", "false", "1", "[", "]", #""\""#, " ", "\\", "\"", "\u{1}", "é"]
    for _ in 0..<2000 {
      var bytes = (0..<random.below(14)).flatMap { _ in Array(pieces[random.below(pieces.count)].utf8) }
      if random.below(3) == 0, !bytes.isEmpty { bytes[random.below(bytes.count)] = UInt8(truncatingIfNeeded: random.next()) }
      do throws(SparkplugError) { _ = try HostState(bytes) } catch { #expect(error.code == .malformedState) }
    }
  }
}
